-- Footfall's public table, with defaults for those that write one column only.
create table daily_user_item_summary (
  user_id uuid not null,
  date date not null,
  item_id uuid not null,
  view_count bigint not null default 0,
  click_count bigint not null default 0,
  purchase_count bigint not null default 0,
  primary key (user_id, date, item_id)
) with (fillfactor = 70);
