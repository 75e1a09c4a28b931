package template

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"
)

func filterAbs(_ *run, v any, _ []any) (any, error) {
	f, ok := toFloat(v)
	if !ok {
		return nil, fail("needs a number, not %s", typeName(v))
	}
	if f < 0 {
		return negate(v)
	}
	if n, whole := toInt(v); whole {
		return n, nil
	}
	return f, nil
}

func filterFloat(_ *run, v any, args []any) (any, error) {
	if f, ok := toFloat(v); ok {
		return f, nil
	}
	if text, ok := v.(string); ok {
		if f, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f, nil
		}
	}
	return args[0], nil
}

// filterInt cuts decimals off. What is no number, or too large for 64 bits, is the default.
func filterInt(_ *run, v any, args []any) (any, error) {
	base, ok := toInt(args[1])
	if !ok || base < 2 || base > 36 {
		return nil, fail("base is a whole number from 2 to 36")
	}
	switch v := v.(type) {
	case bool, int64:
		n, _ := toInt(v)
		return n, nil
	case json.Number:
		return v, nil
	case float64:
		if math.Abs(v) < 1<<63 {
			return int64(v), nil
		}
	case string:
		const longest = 100 // digits; keeps the parsing of long texts short
		text := strings.ToLower(strings.TrimSpace(v))
		if len(text) > longest {
			break
		}
		if prefix, known := map[int64]string{2: "0b", 8: "0o", 16: "0x"}[base]; known {
			text = strings.TrimPrefix(text, prefix)
		}
		if n, ok := new(big.Int).SetString(text, int(base)); ok {
			if n.IsInt64() {
				return n.Int64(), nil
			}
			break
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(f) < 1<<63 {
			return int64(f), nil
		}
	}
	return args[0], nil
}

// filterRound rounds halves to the even neighbour, as Python does, or with method "ceil" and "floor" up and down.
func filterRound(_ *run, v any, args []any) (any, error) {
	f, ok := toFloat(v)
	if !ok {
		return nil, fail("needs a number, not %s", typeName(v))
	}
	const most = 300 // a float has no digits beyond
	precision, ok := toInt(args[0])
	if !ok || precision < -most || precision > most {
		return nil, fail("precision is a whole number from %d to %d", -most, most)
	}
	if n, whole := toInt(v); whole && precision >= 0 {
		return n, nil
	}
	scale := math.Pow(10, float64(precision))
	switch args[1] {
	case "common":
		if precision < 0 {
			return finite(math.RoundToEven(f*scale) / scale)
		}
		rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
		if err != nil {
			return nil, errTooLarge()
		}
		return rounded, nil
	case "ceil":
		return finite(math.Ceil(f*scale) / scale)
	case "floor":
		return finite(math.Floor(f*scale) / scale)
	}
	return nil, fail(`method is "common", "ceil" or "floor"`)
}
