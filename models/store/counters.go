package store

// counterShards is the number of rows over which a counter is spread that many transactions add to: what one adds to is
// locked until it commits. Sixteen are as many as the connections of an API process, and few enough to be summed for
// every campaign of a list.
const counterShards = 16

// counterShard is the shard of the counters that a user's votes and reads go to. It is the same for all that one
// transaction writes, so two transactions that write several counters in order of key cannot wait for each other.
func counterShard(userID string) int16 {
	return int16(uint32(lockKey(userID)) % counterShards) //nolint:gosec // the bits of a hash, then less than counterShards
}
