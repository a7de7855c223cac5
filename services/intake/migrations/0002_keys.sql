-- Every sealed value names the key it was sealed with in its first 16 bytes, and a customer may have many keys: so nothing
-- need be looked up before a contact is stored. To forget a customer is still to delete the customer's keys.
update customer set
  name = uuid_send(key_id) || name, phone = uuid_send(key_id) || phone,
  email = uuid_send(key_id) || email, address = uuid_send(key_id) || address;
update case_text set body = uuid_send(key_id) || body;
alter table customer drop column key_id;
alter table case_text drop column key_id;
alter table customer_key drop constraint customer_key_pkey, add primary key (customer_id, key_id);
