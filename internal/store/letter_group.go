package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A LetterGroup is the dead letters of a flow that were refused for the same reason.
type LetterGroup struct {
	Group  string    `json:"group"`
	FlowID int64     `json:"-"`
	Count  int64     `json:"count"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Newest string    `json:"newest"` // the ID of the newest letter
	Stage  string    `json:"stage"`
	Class  string    `json:"class"`
	Reason string    `json:"reason"` // the newest letter's, word for word
	Hint   string    `json:"hint,omitempty"`
}

// LetterGroups gives the groups of letters in a state, the largest first, at most limit (0: 100), and how many letters
// in how many groups there are. flowID 0: of all flows.
func (s *Store) LetterGroups(ctx context.Context, flowID int64, state string, limit int) (groups []LetterGroup, letters, count int64, err error) {
	w := &where{}
	w.and(`state = ? AND letters > 0`, state)
	if flowID != 0 {
		w.and(`flow_id = ?`, flowID)
	}
	limit = Page{Limit: limit}.limit()
	const same = `FROM dead_letter x WHERE x.state = ? AND x.flow_id = g.flow_id AND x.alike = g.alike)`
	err = s.reading().each(ctx, `SELECT g.flow_id, g.alike, g.letters, g.total, g.groups, o.created, d.created, d.uid, d.stage, d.class, d.reason, d.hint
		FROM (SELECT flow_id, alike, letters, sum(letters) OVER () AS total, count(*) OVER () AS groups FROM letter_count`+w.String()+` ORDER BY letters DESC, flow_id, alike LIMIT ?) g
		JOIN dead_letter o ON o.id = (SELECT min(x.id) `+same+` JOIN dead_letter d ON d.id = (SELECT max(x.id) `+same+` ORDER BY g.letters DESC, d.id DESC`, append(w.args, limit, state, state), func(scan func(...any) error) error {
		var (
			g                  LetterGroup
			group, first, last int64
		)
		err := scan(&g.FlowID, &group, &g.Count, &letters, &count, &first, &last, &g.Newest, &g.Stage, &g.Class, &g.Reason, &g.Hint)
		g.Group, g.First, g.Last = alikeName(group), moment(first), moment(last)
		groups = append(groups, g)
		return err
	})
	return groups, letters, count, s.trouble(err)
}

// differing is what differs between the reasons of records that were refused alike: quoted values, IDs and numbers.
var differing = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'[^']*'|“[^”]*”|` + "`[^`]*`" + `|\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b|\b[0-9a-fA-F]{16,}\b|[0-9]+(?:[.,:][0-9]+)*`)

// alike is the group of a letter.
func alike(d DeadLetter) int64 {
	reason := differing.ReplaceAllString(strings.ToValidUTF8(d.Reason, "?"), "…")
	sum := sha256.Sum256([]byte(d.Stage + "\x00" + d.Class + "\x00" + reason))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1) //nolint:gosec // 63 bits
}

// alikeName is a group as people and programs name it.
func alikeName(n int64) string { return "dg_" + strconv.FormatInt(n, 36) }

func parseAlike(name string) (int64, bool) {
	digits, ok := strings.CutPrefix(name, "dg_")
	n, err := strconv.ParseInt(digits, 36, 64)
	return n, ok && err == nil
}
