-- Only for an API that has ADMIN_TOKEN: lets it discard rejects. Run this as footfall_owner after postgres-grants.sql, which
-- takes it back. Columns that hold people's words, and nothing that a count depends on.
grant update (label, label_note, labelled_by, labelled_at) on rejects to footfall_api;
