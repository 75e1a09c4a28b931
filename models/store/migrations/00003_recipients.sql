-- +goose Up

-- What became of the recipients is listed by recipient, of one status or of all: an index per way of listing, so that
-- a page in the middle costs what the first one costs.
CREATE INDEX campaign_outcomes_by_status ON campaign_outcomes (app_pk, campaign_id, status, recipient);
CREATE INDEX campaign_reads_by_user ON campaign_reads (app_pk, campaign_id, user_id);
CREATE INDEX campaign_reads_by_time ON campaign_reads (app_pk, campaign_id, cid, read_at); -- who was the first in a channel

-- +goose Down
DROP INDEX campaign_reads_by_time, campaign_reads_by_user, campaign_outcomes_by_status;
