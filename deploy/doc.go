// Package deploy keeps what docker-compose.yml mounts into its containers, and the tests that keep the compose file, the
// Dockerfile and those files right without Docker at hand.
//
// Rules:
//
//   - Every job can be run again over a finished one and exits 0: containers are restarted, and people repeat `up`.
//   - A service that keeps running has a health check made of programs its image has (Temporal's have no curl, Herald's has
//     no shell), because others wait for it.
//   - Images are pinned by tag. Temporal's server and admin-tools carry the same tag: the one brings the schema of the other.
package deploy
