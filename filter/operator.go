package filter

import "slices"

type operator string

const (
	opEqual        operator = "$eq"
	opNotEqual     operator = "$ne"
	opGreater      operator = "$gt"
	opAtLeast      operator = "$gte"
	opLess         operator = "$lt"
	opAtMost       operator = "$lte"
	opIn           operator = "$in"
	opNotIn        operator = "$nin"
	opExists       operator = "$exists"
	opContains     operator = "$contains"
	opAutocomplete operator = "$autocomplete"
	opQuery        operator = "$q"
)

// Operators of a filter, in place of a field.
const (
	opAnd = "$and"
	opOr  = "$or"
	opNor = "$nor"
)

// comparisons are the ordered operators as SQL writes them.
var comparisons = map[operator]string{opGreater: ">", opAtLeast: ">=", opLess: "<", opAtMost: "<="}

var (
	equal       = []operator{opEqual}
	equalOrNot  = []operator{opEqual, opNotEqual}
	equalOrIn   = []operator{opEqual, opIn}
	ofArray     = []operator{opEqual, opIn, opContains}
	enumerated  = []operator{opEqual, opExists, opIn}
	ranged      = []operator{opEqual, opExists, opGreater, opAtLeast, opIn, opLess, opAtMost} // R of the contract
	ofUserID    = with(ranged, opAutocomplete, opNotEqual, opNotIn)
	ofUserName  = with(ranged, opAutocomplete)
	ofName      = with(ranged, opAutocomplete, opQuery)
	ofUserData  = with(ranged, opNotEqual, opNotIn, opContains, opAutocomplete)
	ofOtherData = with(ofUserData, opQuery)
)

func with(base []operator, more ...operator) []operator { return slices.Concat(base, more) }
