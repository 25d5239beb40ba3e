package m365sim

import (
	"strconv"
	"strings"
	"sync"
	"time"
)

var firstNames = []string{
	"Adele", "Alex", "Amina", "Bo", "Carlos", "Chidi", "Dana", "Elena", "Farid", "Grace", "Hana", "Ivan", "Jia", "Kofi",
	"Lee", "Megan", "Nestor", "Olga", "Pradeep", "Rosa", "Sven", "Tomás", "Uma", "Wei", "Yusuf",
}

var lastNames = []string{"Vance", "Wilber", "Okafor", "Larsen", "Mendes", "Sato", "Novak", "Haddad", "Berg", "Fernández"}

// people are who works at every tenant; a tenant's domain makes their addresses.
var people = sync.OnceValue(func() []person {
	var all []person
	plain := strings.NewReplacer("á", "a", "é", "e", "í", "i")
	for _, last := range lastNames {
		for _, first := range firstNames {
			all = append(all, person{first + " " + last, plain.Replace(strings.ToLower(first + "." + last))})
		}
	}
	return all
})

type person struct{ name, local string }

var fileStems = []string{
	"Budget 2026", "Minutes", "Offer Fabrikam", "Roadmap", "Übersicht Projekte", "Payroll", "Contract draft", "site-plan",
	"Q3 results", "Onboarding", "Price list", "Photo", "Travel expenses", "Incident report", "Customer data", "Notes",
}

var fileKinds = []string{"docx", "xlsx", "pptx", "pdf", "txt", "png", "csv", "one"}

var sites = []string{"Finance", "Sales", "Engineering", "HR", "Legal", "ProjectX", "Marketing", "Operations"}

const (
	cardFound = `{"Name":"4111 1111 1111 1111","Value":"card 4111 1111 1111 1111 exp 12/29"}`
	ssnFound  = `{"Name":"078-05-1120","Value":"SSN 078-05-1120 of the applicant"}`
)

// exceptions are the forms that ExceptionInfo was seen in.
var exceptions = []string{
	`null`, `"Override"`, `{"Reason":"Override","Justification":"sent to our bank","FalsePositive":false,"Rules":[]}`,
}

// placeholders are what templates can hold.
var placeholders = map[string]func([]byte, *generation, *part) []byte{
	"id":   func(dst []byte, g *generation, _ *part) []byte { return appendGUID(dst, mix(g.seed, 1)) },
	"time": func(dst []byte, g *generation, _ *part) []byte { return appendTime(dst, g.time) },
	"before": func(dst []byte, g *generation, p *part) []byte {
		return appendTime(dst, g.time.Add(-time.Duration(p.n)*time.Second))
	},
	"org":    func(dst []byte, g *generation, _ *part) []byte { return append(dst, g.tenant.ID...) },
	"domain": func(dst []byte, g *generation, _ *part) []byte { return append(dst, g.tenant.Domain...) },
	"tenant": func(dst []byte, g *generation, _ *part) []byte { return append(dst, g.tenant.Name...) },
	"user": func(dst []byte, g *generation, p *part) []byte {
		return append(append(append(dst, g.user(p.n).local...), '@'), g.tenant.Domain...)
	},
	"name": func(dst []byte, g *generation, p *part) []byte { return append(dst, g.user(p.n).name...) },
	"userkey": func(dst []byte, g *generation, p *part) []byte {
		return appendHexUpper(append(dst, "1003"...), mixText(g.tenant.seed+1, g.user(p.n).local), 12)
	},
	"userid": func(dst []byte, g *generation, p *part) []byte {
		return appendGUID(dst, mixText(g.tenant.seed+2, g.user(p.n).local))
	},
	"sid": func(dst []byte, g *generation, p *part) []byte {
		return appendSID(dst, mixText(g.tenant.seed+3, g.user(p.n).local))
	},
	"guid": func(dst []byte, g *generation, p *part) []byte { return appendGUID(dst, g.value(p)) },
	"some": func(dst []byte, g *generation, p *part) []byte {
		return appendGUID(dst, mix(mix(g.tenant.seed, p.key), uint64(below(g.value(p), max(p.n, 1)))))
	},
	"hex": func(dst []byte, g *generation, p *part) []byte { return appendHex(dst, g.value(p), p.n) },
	"int": func(dst []byte, g *generation, p *part) []byte {
		return strconv.AppendInt(dst, int64(below(g.value(p), max(p.n, 1))), 10)
	},
	"pick": func(dst []byte, g *generation, p *part) []byte {
		return append(dst, p.options[below(g.value(p), len(p.options))]...)
	},
	"text":     func(dst []byte, g *generation, p *part) []byte { return appendFiller(dst, g.value(p), p.n) },
	"ip":       func(dst []byte, g *generation, _ *part) []byte { return appendIP(dst, mix(g.seed, 31), false) },
	"clientip": func(dst []byte, g *generation, _ *part) []byte { return appendIP(dst, mix(g.seed, 31), true) },
	"stem":     func(dst []byte, g *generation, _ *part) []byte { return append(dst, g.stem()...) },
	"ext": func(dst []byte, g *generation, _ *part) []byte {
		return append(dst, fileKinds[below(mix(g.seed, 33), len(fileKinds))]...)
	},
	"site": func(dst []byte, g *generation, _ *part) []byte {
		return append(dst, sites[below(mix(g.seed, 34), len(sites))]...)
	},
	"exception": func(dst []byte, g *generation, p *part) []byte {
		return append(dst, exceptions[below(g.value(p), len(exceptions))]...)
	},
	"card": func(dst []byte, g *generation, _ *part) []byte { return g.detail(dst, cardFound, "") },
	"ssn":  func(dst []byte, g *generation, _ *part) []byte { return g.detail(dst, ssnFound, "") },
	"detail": func(dst []byte, g *generation, p *part) []byte {
		return g.detail(dst, p.options[0], p.options[len(p.options)-1])
	},
}

// detail appends what only a reader with ActivityFeed.ReadDlp is shown, or other.
func (g *generation) detail(dst []byte, shown, other string) []byte {
	if g.plain {
		return append(dst, other...)
	}
	return append(dst, shown...)
}

func (g *generation) value(p *part) uint64 { return mix(g.seed, p.key) }

func (g *generation) user(n int) person {
	everybody := people()
	return everybody[below(mix(g.seed, uint64(40+n)), len(everybody))]
}

func (g *generation) stem() string { return fileStems[below(mix(g.seed, 32), len(fileStems))] }

// appendTime writes a time as records have it: UTC, whole seconds, no Z.
func appendTime(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	dst = append(appendDigits(dst, uint64(year), 4), '-')
	dst = append(appendDigits(dst, uint64(month), 2), '-')
	dst = append(appendDigits(dst, uint64(day), 2), 'T')
	dst = append(appendDigits(dst, uint64(hour), 2), ':')
	dst = append(appendDigits(dst, uint64(minute), 2), ':')
	return appendDigits(dst, uint64(second), 2)
}

func appendHexUpper(dst []byte, x uint64, n int) []byte {
	const digits = "0123456789ABCDEF"
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, digits[x>>(4*i)&15])
	}
	return dst
}

func appendSID(dst []byte, x uint64) []byte {
	dst = append(dst, "S-1-5-21"...)
	for i := range 3 {
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, mix(x, uint64(i))%4_000_000_000, 10)
	}
	return strconv.AppendUint(append(dst, '-'), x%20_000_000, 10)
}

// appendIP writes an address of the ranges kept for documentation; with forms, in one of the forms that ClientIP was
// seen in.
func appendIP(dst []byte, x uint64, forms bool) []byte {
	nets := [...]string{"203.0.113.", "198.51.100.", "192.0.2."}
	form := below(mix(x, 1), 20)
	if !forms {
		form = 0
	}
	switch form {
	case 16, 17:
		dst = append(dst, "2001:db8:"...)
		dst = append(appendHex(dst, x>>8, 4), "::"...)
		return appendHex(dst, x>>24, 4)
	case 18:
		dst = append(dst, "[2001:db8::"...)
		dst = append(appendHex(dst, x>>8, 4), "]:"...)
		return strconv.AppendUint(dst, 1024+x%60000, 10)
	case 19:
		dst = append(dst, "::ffff:"...)
	}
	dst = append(dst, nets[x%3]...)
	dst = strconv.AppendUint(dst, 1+(x>>8)%254, 10)
	if form > 12 && form < 16 {
		dst = strconv.AppendUint(append(dst, ':'), 1024+(x>>16)%60000, 10)
	}
	return dst
}

// appendFiller writes n characters: identifiers as they come, again from the beginning after a thousand.
func appendFiller(dst []byte, x uint64, n int) []byte {
	at := len(dst)
	for left := min(n, 1024); left > 0; left -= 16 {
		x = mix(x, 1)
		dst = appendHex(dst, x, min(left, 16))
	}
	for n -= len(dst) - at; n > 0; {
		piece := dst[at : at+min(n, len(dst)-at)]
		dst = append(dst, piece...)
		n -= len(piece)
	}
	return dst
}
