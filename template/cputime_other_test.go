//go:build !linux

package template_test

import "time"

// processorTime is how long f takes; here other load on the machine counts too.
func processorTime(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
