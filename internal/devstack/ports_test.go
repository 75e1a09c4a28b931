package devstack_test

import (
	"net"
	"sync"
	"testing"

	"herald/internal/devstack"
)

func claimPort(t *testing.T, preferred int) *devstack.Port {
	t.Helper()
	port, err := devstack.ClaimPort(preferred)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestClaimPort(t *testing.T) {
	first := claimPort(t, 0)
	if second := claimPort(t, first.Number); second.Number <= first.Number {
		t.Errorf("claimed %d while %d was claimed", second.Number, first.Number)
	} else {
		second.Release()
	}
	first.Release()
	again := claimPort(t, first.Number)
	if again.Number != first.Number {
		t.Errorf("claimed %d, want the released %d", again.Number, first.Number)
	}
	again.Release()
}

func TestClaimPortPassesOverOneInUse(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "0.0.0.0"} {
		t.Run(host, func(t *testing.T) {
			listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			taken := listener.Addr().(*net.TCPAddr).Port
			port := claimPort(t, taken)
			defer port.Release()
			if port.Number <= taken {
				t.Errorf("claimed %d while %d is listened on", port.Number, taken)
			}
		})
	}
}

func TestClaimPortConcurrently(t *testing.T) {
	const claims = 20
	var mu sync.Mutex
	claimed := make(map[int]int)
	var wait sync.WaitGroup
	for range claims {
		wait.Go(func() {
			port, err := devstack.ClaimPort(0)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(port.Release)
			mu.Lock()
			defer mu.Unlock()
			claimed[port.Number]++
		})
	}
	wait.Wait()
	if len(claimed) != claims {
		t.Errorf("%d claims gave %d ports: %v", claims, len(claimed), claimed)
	}
}
