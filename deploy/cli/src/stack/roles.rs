//! The database, and for each service a schema, an owner that nobody can log in as, and a login that sees this schema
//! only. The provisioner may act as the owners to make tables, and as nobody else.
//! Invariant: no service can read or change what belongs to another.
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    postgres,
    secrets::{self, PROVISIONER, Secrets},
};
use crate::home::{Home, SERVICES};

/// The database of a local system.
pub const DATABASE: &str = "aftercare";

/// Makes what is missing and sets the passwords; running it again changes nothing.
pub async fn provision(home: &Home, secrets: &Secrets) -> anyhow::Result<()> {
    let mut admin = postgres::connect(home, secrets, "postgres").await?;
    role(&mut admin, PROVISIONER, &login(secrets.get(PROVISIONER))).await?;
    if !exists(&mut admin, DATABASE_EXISTS, DATABASE).await? {
        run(&mut admin, "-- database.create", &format!("create database {DATABASE}")).await?;
    }
    if exists(&mut admin, COMPRESSION_EXISTS, "lz4").await? {
        run(&mut admin, "-- cluster.compression", "alter system set wal_compression = 'lz4'").await?;
        run(&mut admin, "-- cluster.reload", "select pg_reload_conf()").await?;
    }
    admin.close().await?;
    let mut admin = postgres::connect(home, secrets, DATABASE).await?;
    let closed = format!(
        "revoke all on schema public from public; revoke all on database {DATABASE} from public; grant connect on \
         database {DATABASE} to {PROVISIONER}"
    );
    run(&mut admin, "-- database.close", &closed).await?;
    for service in SERVICES.iter().filter(|service| service.schema) {
        self::service(&mut admin, service.name, secrets.get(service.name)).await?;
    }
    admin.close().await?;
    Ok(())
}

async fn service(admin: &mut PgConnection, name: &str, password: &str) -> anyhow::Result<()> {
    let owner = owner(name);
    role(admin, &owner, "nologin").await?;
    role(admin, name, &format!("{} connection limit 50", login(password))).await?;
    let schema = format!(
        "grant connect, temporary on database {DATABASE} to {name}; grant create on database {DATABASE} to {owner}; \
         grant {owner} to {PROVISIONER}; create schema if not exists {name} authorization {owner}; grant usage on schema \
         {name} to {name}; alter role {name} set search_path = {name}; alter role {name} set lock_timeout = '10s'"
    );
    run(admin, "-- schema.create", &schema).await
}

/// Whom a schema belongs to.
pub fn owner(service: &str) -> String {
    format!("{service}_owner")
}

fn login(password: &str) -> String {
    format!("login noinherit password '{password}'")
}

/// Makes a role, or brings it to the wanted form.
async fn role(admin: &mut PgConnection, name: &str, form: &str) -> anyhow::Result<()> {
    let verb = if exists(admin, ROLE_EXISTS, name).await? { "alter" } else { "create" };
    run(admin, "-- role.form", &format!("{verb} role {name} {form}")).await
}

const ROLE_EXISTS: &str = "-- role.exists\nselect exists (select from pg_roles where rolname = $1)";
/// Packs whole pages in the log faster than Postgres' own way; not every build has it.
const COMPRESSION_EXISTS: &str =
    "-- compression.exists\nselect $1 = any (enumvals) from pg_settings where name = 'wal_compression'";
const DATABASE_EXISTS: &str = "-- database.exists\nselect exists (select from pg_database where datname = $1)";

async fn exists(admin: &mut PgConnection, query: &'static str, name: &str) -> anyhow::Result<bool> {
    Ok(sqlx::query_scalar(query).bind(name).fetch_one(admin).await?)
}

/// `sql` is made of our own words and of hexadecimal digits; there is nothing in it that others could have written.
async fn run(admin: &mut PgConnection, label: &str, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(format!("{label}\n{sql}"))).execute(admin).await?;
    Ok(())
}

/// How a running service reaches its schema.
pub fn service_url(home: &Home, secrets: &Secrets, service: &str) -> anyhow::Result<String> {
    let port = home.ports()?.postgres();
    Ok(format!("postgres://{service}:{}@127.0.0.1:{port}/{DATABASE}", secrets.get(service)))
}

/// How a schema is reached to make its tables: as its owner.
pub fn owner_url(home: &Home, secrets: &Secrets, service: &str) -> anyhow::Result<String> {
    let (port, password, owner) = (home.ports()?.postgres(), secrets.get(secrets::PROVISIONER), owner(service));
    Ok(format!("postgres://{PROVISIONER}:{password}@127.0.0.1:{port}/{DATABASE}?options[role]={owner}"))
}
