package store

// messageColumns are the messages of a batch column by column, as unnest takes them.
type messageColumns struct {
	ids, cids, texts, recipients []string
	attachments, customs         []*string // nil where all messages have the batch's
}

func newMessageColumns(messages []NewMessage) messageColumns {
	n := len(messages)
	c := messageColumns{ids: make([]string, n), cids: make([]string, n), texts: make([]string, n), recipients: make([]string, n)}
	for i, m := range messages {
		c.ids[i], c.cids[i], c.texts[i], c.recipients[i] = m.ID, m.CID, m.Text, m.Recipient
		setColumn(&c.attachments, i, n, m.Attachments)
		setColumn(&c.customs, i, n, m.Custom)
	}
	return c
}

func setColumn(column *[]*string, i, n int, value []byte) {
	if value == nil {
		return
	}
	if *column == nil {
		*column = make([]*string, n)
	}
	(*column)[i] = jsonText(value)
}

func jsonText(value []byte) *string {
	if value == nil {
		return nil
	}
	text := string(value)
	return &text
}
