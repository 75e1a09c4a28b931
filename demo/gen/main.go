// Command gen writes the demo's users to standard output, the same ones each time:
//
//	go run ./demo/gen > demo/users.ndjson
package main

import (
	"bufio"
	"fmt"
	"os"

	"herald/demo/people"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run() error {
	out := bufio.NewWriter(os.Stdout)
	if err := people.Write(out); err != nil {
		return err
	}
	return out.Flush()
}
