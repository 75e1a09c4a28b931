package conform

import (
	"net/url"
	"strings"

	"herald/api/openapi"
)

type route struct {
	openapi.Operation
	steps []string // of the path
}

// Operation is the one that a request is for.
func (c *Checker) Operation(method string, u *url.URL) (openapi.Operation, bool) {
	steps := strings.Split(u.EscapedPath(), "/")
	var best openapi.Operation
	fewest := len(steps)
	for _, r := range c.routes {
		if parameters, ok := r.takes(steps); ok && r.Method == method && parameters < fewest {
			best, fewest = r.Operation, parameters
		}
	}
	return best, fewest < len(steps)
}

// takes says whether a path is of the route, and how many of its steps are parameters.
func (r route) takes(steps []string) (parameters int, ok bool) {
	if len(steps) != len(r.steps) {
		return 0, false
	}
	for i, step := range r.steps {
		switch {
		case strings.HasPrefix(step, "{"):
			parameters++
		case step != steps[i]:
			return 0, false
		}
	}
	return parameters, true
}
