package extract

import (
	"encoding/xml"
	"math"
	"strconv"
	"strings"
	"time"
)

// sheets reads an XLSX: for each visible sheet its name and its rows, cells parted by tabs, as the values are stored:
// formulas with their last result, numbers plainly, dates as 2006-01-02 with the time if there is one.
func (a *archive) sheets() (Document, error) {
	main, err := a.main("xl/workbook.xml", "officeDocument")
	if err != nil {
		return Document{}, err
	}
	parts, err := a.relations(main)
	if err != nil {
		return Document{}, err
	}
	b := &workbook{out: prose{most: a.limit.Text}, limit: a.limit.Text}
	if err := a.scan(main, b.contents); err != nil {
		return Document{}, err
	}
	dir := main[:strings.LastIndexByte(main, '/')+1]
	if err := a.scan(dir+"styles.xml", b.styles); err != nil {
		return Document{}, err
	}
	if err := a.scan(dir+"sharedStrings.xml", b.shared); err != nil {
		return Document{}, err
	}
	for _, s := range b.names {
		b.out.line(2)
		if err := b.out.add(s.name); err != nil {
			return Document{}, err
		}
		b.out.line(1)
		if err := a.scan(parts[s.part], b.sheet); err != nil {
			return Document{}, err
		}
	}
	return Document{Text: b.out.String()}, nil
}

type sheetName struct{ name, part string }

// workbook collects the text of SpreadsheetML.
type workbook struct {
	out   prose
	limit int64
	names []sheetName
	epoch time.Time

	formats map[string]bool // custom number formats, by ID: is it a date?
	dates   []bool          // cell styles: is it a date?
	inCells bool            // within cellXfs

	texts   []string // shared strings
	total   int64
	part    strings.Builder
	text    bool
	phonics int // depth within how a text is spoken

	kind  string // of the cell in hand: its t
	style int
}

// The two epochs of ECMA-376 part 1, 18.17.4.1. The first has a 29 February 1900 that never was; all days after it are
// right when counting begins a day earlier.
var (
	epoch1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	epoch1904 = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
)

// contents reads workbook.xml.
func (b *workbook) contents(t xml.Token) error {
	if b.epoch.IsZero() {
		b.epoch = epoch1900
	}
	e, ok := t.(xml.StartElement)
	switch {
	case !ok:
	case e.Name.Local == "workbookPr" && (attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"):
		b.epoch = epoch1904
	case e.Name.Local == "sheet" && (attribute(e, "state") == "" || attribute(e, "state") == "visible") && len(b.names) < mostRelated:
		b.names = append(b.names, sheetName{attribute(e, "name"), linked(e)})
	}
	return nil
}

// styles finds out which cell styles show dates.
func (b *workbook) styles(t xml.Token) error {
	switch e := t.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case "numFmt":
			if b.formats == nil {
				b.formats = map[string]bool{}
			}
			if len(b.formats) < mostRelated {
				b.formats[attribute(e, "numFmtId")] = showsDate(attribute(e, "formatCode"))
			}
		case "cellXfs":
			b.inCells = true
		case "xf":
			if b.inCells && len(b.dates) < mostRelated {
				id := attribute(e, "numFmtId")
				n, _ := strconv.Atoi(id)
				b.dates = append(b.dates, b.formats[id] || n >= 14 && n <= 22 || n >= 45 && n <= 47)
			}
		}
	case xml.EndElement:
		if e.Name.Local == "cellXfs" {
			b.inCells = false
		}
	}
	return nil
}

// showsDate tells whether a number format has a year, month, day or hour in it, outside of quotes and brackets.
func showsDate(format string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case bracket:
		case strings.IndexByte("yYmMdDhH", c) >= 0:
			return true
		}
	}
	return false
}

// shared reads the texts that cells refer to.
func (b *workbook) shared(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "rPh":
			b.phonics++
		case "t":
			b.text = b.phonics == 0
		}
	case xml.CharData:
		if b.text {
			// Texts that no cell shows are held as well, hence the doubled bound.
			if b.total += int64(len(t)); b.total > 2*b.limit {
				return errFull
			}
			b.part.Write(t)
		}
	case xml.EndElement:
		switch t.Name.Local {
		case "rPh":
			b.phonics = max(b.phonics-1, 0)
		case "t":
			b.text = false
		case "si":
			if b.total += 16; b.total > 2*b.limit {
				return errFull
			}
			b.texts = append(b.texts, b.part.String())
			b.part.Reset()
		}
	}
	return nil
}

// sheet reads one sheet's rows.
func (b *workbook) sheet(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "c":
			b.kind = attribute(t, "t")
			b.style, _ = strconv.Atoi(attribute(t, "s"))
			b.part.Reset()
			b.out.beginCell()
		case "v", "t":
			b.text = true
		}
	case xml.CharData:
		if b.text {
			if int64(b.part.Len()+len(t)) > b.limit {
				return errFull
			}
			b.part.Write(t)
		}
	case xml.EndElement:
		switch t.Name.Local {
		case "v", "t":
			b.text = false
		case "c":
			err := b.out.add(b.value(b.part.String()))
			b.out.endCell()
			return err
		case "row":
			b.out.tab = false
			b.out.line(1)
		}
	}
	return nil
}

// value is what a cell shows.
func (b *workbook) value(stored string) string {
	switch b.kind {
	case "s":
		if n, err := strconv.Atoi(stored); err == nil && n >= 0 && n < len(b.texts) {
			return b.texts[n]
		}
		return ""
	case "b":
		if stored == "1" {
			return "TRUE"
		}
		return "FALSE"
	case "", "n":
		if b.style >= 0 && b.style < len(b.dates) && b.dates[b.style] {
			return b.date(stored)
		}
	}
	return stored
}

// date writes a serial number of days as people read it.
func (b *workbook) date(stored string) string {
	days, err := strconv.ParseFloat(stored, 64)
	if err != nil || days < 0 || days > 2958466 || math.IsNaN(days) { // 31 December 9999
		return stored
	}
	whole, part := math.Modf(days)
	seconds := math.Round(part * 86400)
	at := b.epoch.AddDate(0, 0, int(whole)).Add(time.Duration(seconds) * time.Second)
	switch {
	case whole == 0 && seconds > 0:
		return at.Format("15:04:05")
	case seconds == 0:
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02 15:04:05")
}
