-- +goose Up

-- Set in the transaction of what the request does. An attempt after one that was cut off learns from it that only the
-- answer is missing.
ALTER TABLE idempotency_keys ADD COLUMN carried_out boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE idempotency_keys DROP COLUMN carried_out;
