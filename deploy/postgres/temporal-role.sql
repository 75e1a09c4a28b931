-- Temporal's own role. It creates and then owns its two databases and can touch nothing of Herald's.
-- Run once, by the Postgres image, when the cluster is new.
CREATE ROLE temporal LOGIN CREATEDB PASSWORD 'temporal';
REVOKE CONNECT ON DATABASE herald FROM PUBLIC;
