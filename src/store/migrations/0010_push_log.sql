-- What the push log and the page of automations are read by.
create index outbox_by_plan on outbox (plan_id, state);
alter table plan add column connection_id integer references connection;
-- How many of its writes were done when its push ended; null while it goes on, or if it was cut off.
alter table plan add column written integer;
update plan set connection_id = (select connection_id from outbox where plan_id = plan.id limit 1);
create index automation_entry_inside on automation_entry (automation_id, state) where left_at is null;
create index automation_entry_by_day on automation_entry (automation_id, entered_on, state);
