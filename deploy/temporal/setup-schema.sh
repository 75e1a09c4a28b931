#!/bin/sh
# Creates Temporal's two databases and brings their schemas to the version of this image. Safe to repeat.
# Server and SQL_PLUGIN come from the environment, which temporal-sql-tool reads itself.
set -eu

ensure() {
    database=$1
    schema=$2
    temporal-sql-tool --db "$database" create
    temporal-sql-tool --db "$database" setup-schema --version 0.0
    temporal-sql-tool --db "$database" update-schema --schema-dir "$SCHEMA_DIR/$schema/versioned"
}

ensure temporal temporal
ensure temporal_visibility visibility
