package m365sim

import (
	"embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed template/*.txt
var templateFiles embed.FS

// templates are the shapes that generated records take, by content type. A line of a template file is a weight and a
// record with {{placeholders}}; what is in a placeholder is a pure function of the record's seed, so the same
// placeholder gives the same text throughout a record.
type templates struct {
	byType [typeCount][]shape
	total  [typeCount]int
}

type shape struct {
	weight     int
	recordType int
	parts      []part
}

// A part is literal text, then what write appends.
type part struct {
	text    string
	write   func(dst []byte, g *generation, p *part) []byte
	key     uint64
	n       int
	options []string
}

// A generation is one record in the making.
type generation struct {
	tenant *tenant
	seed   uint64
	time   time.Time
	plain  bool
}

var templateNames = [typeCount]string{
	typeAAD: "entra", typeExchange: "exchange", typeSharePoint: "sharepoint", typeGeneral: "general", typeDLP: "dlp",
}

var sharedTemplates = sync.OnceValues(func() (*templates, error) {
	all := &templates{}
	for ctype, name := range templateNames {
		text, err := templateFiles.ReadFile("template/" + name + ".txt")
		if err != nil {
			return nil, fmt.Errorf("read record templates: %w", err)
		}
		for number, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			made, err := parseShape(line)
			if err != nil {
				return nil, fmt.Errorf("template %s, line %d: %w", name, number+1, err)
			}
			all.byType[ctype] = append(all.byType[ctype], made)
			all.total[ctype] += made.weight
		}
	}
	return all, nil
})

var (
	headMacro   = regexp.MustCompile(`\{\{head:(\d+)\|([^|}]*)\|(\d+)\}\}`)
	placeholder = regexp.MustCompile(`\{\{([a-z0-9]+)(?::([^}]*))?\}\}`)
	typeNumber  = regexp.MustCompile(`"RecordType":(\d+)`)
)

// head stands for the keys that all records have.
const head = `"CreationTime":"{{time}}","Id":"{{id}}","OrganizationId":"{{org}}","RecordType":$1,"UserKey":"{{userkey}}","UserType":$3,"Version":1,"Workload":"$2"`

func parseShape(line string) (shape, error) {
	weight, text, _ := strings.Cut(line, " ")
	text = headMacro.ReplaceAllString(text, head)
	made := shape{}
	var err error
	if made.weight, err = strconv.Atoi(weight); err != nil {
		return shape{}, fmt.Errorf("weight: %w", err)
	}
	number := typeNumber.FindStringSubmatch(text)
	if number == nil {
		return shape{}, fmt.Errorf("no RecordType")
	}
	made.recordType, _ = strconv.Atoi(number[1])
	at := 0
	for _, found := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		name, argument := text[found[2]:found[3]], ""
		if found[4] >= 0 {
			argument = text[found[4]:found[5]]
		}
		write := placeholders[name]
		if write == nil {
			return shape{}, fmt.Errorf("no placeholder is called %q", name)
		}
		p := part{text: text[at:found[0]], write: write, key: mixText(0, name+":"+argument), options: strings.Split(argument, "|")}
		p.n, _ = strconv.Atoi(argument) // 0 where the argument is no number
		made.parts = append(made.parts, p)
		at = found[1]
	}
	made.parts = append(made.parts, part{text: text[at:]})
	return made, nil
}

// choose takes the shape of a record by its seed.
func (t *templates) choose(ctype int, seed uint64) *shape {
	left := below(mix(seed, 21), t.total[ctype])
	shapes := t.byType[ctype]
	for i := range shapes {
		if left -= shapes[i].weight; left < 0 {
			return &shapes[i]
		}
	}
	return &shapes[0]
}

// append writes the record.
func (s *shape) append(dst []byte, g *generation) []byte {
	for i := range s.parts {
		p := &s.parts[i]
		dst = append(dst, p.text...)
		if p.write != nil {
			dst = p.write(dst, g, p)
		}
	}
	return dst
}
