-- +goose Up

-- The list of polls, newest first.
CREATE INDEX polls_by_creation ON polls (app_pk, created_at, id);

-- +goose Down
DROP INDEX polls_by_creation;
