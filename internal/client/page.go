package client

import (
	"net/url"
	"strconv"
)

// pagePath is the path of one page of a list, narrowed down by a parameter. What is "" or 0 is left to the API.
func pagePath(path, parameter, value string, limit int, next string) string {
	values := url.Values{}
	for name, v := range map[string]string{parameter: value, "next": next} {
		if v != "" {
			values.Set(name, v)
		}
	}
	if limit > 0 {
		values.Set("limit", strconv.Itoa(limit))
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}
