package request

// Text is a key of an object whose keys are data, such as ids, with the string it leads to.
type Text struct {
	Key   string
	Value string
}

// Texts reads an object of at most limit strings, in the order the keys came in; here keys match exactly, and one whose
// value is null is left out. nil when absent, and when it is no object or too long.
func (o *Object) Texts(name string, limit int) []Text {
	n := o.findKind(name, kindObject, "an object")
	if n == nil {
		return nil
	}
	inner := o.Object(name)
	members := inner.distinct()
	if len(members) > limit {
		o.Invalid(name, "has %d keys; at most %d are allowed", len(members), limit)
		return nil
	}
	texts := make([]Text, 0, len(members))
	for _, m := range members {
		switch m.value.kind {
		case kindNull:
		case kindString:
			texts = append(texts, Text{Key: m.key, Value: m.value.text})
		default:
			inner.Invalid(m.key, "must be a string")
		}
	}
	return texts
}
