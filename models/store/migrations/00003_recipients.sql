-- +goose Up

-- What became of the recipients is listed by recipient, of one status or of all: an index per way of listing, so that
-- a page in the middle costs what the first one costs.
CREATE INDEX campaign_outcomes_by_status ON campaign_outcomes (app_pk, campaign_id, status, recipient);
CREATE INDEX campaign_reads_by_user ON campaign_reads (app_pk, campaign_id, user_id);
CREATE INDEX campaign_reads_by_time ON campaign_reads (app_pk, campaign_id, cid, read_at); -- who was the first in a channel

-- A row of messages is also the proof that its recipient has the message. Where the row is deleted the proof moves
-- here, with status sent: the recipient gets no second message, and is listed as before. A trigger, so that no way of
-- deleting messages can forget it.
ALTER TABLE campaign_outcomes
    ADD COLUMN cid text COLLATE "C",        -- set where status is sent
    ADD COLUMN message_id text COLLATE "C", -- set where status is sent
    DROP CONSTRAINT campaign_outcomes_status_check,
    ADD CONSTRAINT campaign_outcomes_status_check CHECK (status IN ('failed', 'skipped', 'sent'));

-- +goose StatementBegin
CREATE FUNCTION keep_recipients() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at, cid, message_id)
    SELECT app_pk, campaign_id, recipient, 'sent', '', '', created_at, cid, id FROM gone WHERE recipient IS NOT NULL
    ORDER BY app_pk, campaign_id, recipient
    ON CONFLICT (app_pk, campaign_id, recipient) DO UPDATE
    SET status = 'sent', error_code = '', error = '', created_at = excluded.created_at, cid = excluded.cid, message_id = excluded.message_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER messages_keep_recipients AFTER DELETE ON messages
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_recipients();

-- +goose Down
DROP TRIGGER messages_keep_recipients ON messages;
DROP FUNCTION keep_recipients;
DELETE FROM campaign_outcomes WHERE status = 'sent';
ALTER TABLE campaign_outcomes
    DROP COLUMN cid,
    DROP COLUMN message_id,
    DROP CONSTRAINT campaign_outcomes_status_check,
    ADD CONSTRAINT campaign_outcomes_status_check CHECK (status IN ('failed', 'skipped'));
DROP INDEX campaign_reads_by_time, campaign_reads_by_user, campaign_outcomes_by_status;
