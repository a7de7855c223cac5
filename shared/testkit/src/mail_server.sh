# Dovecot on a port of this machine, as a user who may nothing, in a folder of its own (FOLDER, PORT). Says "ready", and
# ends and clears up when its standard input is closed.
user=$(id -un)
as_user=""
if [ "$(id -u)" = 0 ]; then user=postgres; as_user="setpriv --reuid=postgres --regid=postgres --clear-groups --"; fi
mkdir -p "$FOLDER"/mail/{new,cur,tmp} "$FOLDER/run"
cat >"$FOLDER/dovecot.conf" <<END
protocols = imap
listen = 127.0.0.1
base_dir = $FOLDER/run
state_dir = $FOLDER/run
log_path = $FOLDER/log
default_internal_user = $user
default_internal_group = $(id -gn "$user")
default_login_user = $user
mail_location = maildir:$FOLDER/mail
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
service imap-login {
  chroot =
  inet_listener imap {
    port = $PORT
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=$(id -u "$user") gid=$(id -g "$user") home=$FOLDER
}
END
if [ -n "$as_user" ]; then chown -R "$user" "$FOLDER"; fi
$as_user dovecot -F -c "$FOLDER/dovecot.conf" >"$FOLDER/out" 2>&1 & server=$!
for _ in $(seq 500); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then break; fi
  sleep 0.02
done
echo ready
read -r _
kill $server; wait; rm -rf "$FOLDER"
