package plan

// Shape says how the columns of a define's table hold its value, or that of an element where
// it is a list. It is for those who read the table; the compiler itself knows.
type Shape struct {
	Kind    Kind
	Type    string   // CQL's name
	Columns []string // of the value itself, in the order that its Kind says
	Name    string   // of a tuple's part
	Tags    []string // of a choice's part: the values of the tag that mean it
	Parts   []Shape  // the ends of an interval, the elements of a tuple, the alternatives of a choice
}

// Kind is which columns a shape has.
type Kind int

// The kinds, with their columns. Those in brackets may be absent.
const (
	KindNull        Kind = iota // none: the value is null, or a constant
	KindScalar                  // value; of a number that is uncertain the least and the greatest
	KindDate                    // first moment, [last moment,] precision (1 year .. 6 millisecond, 3.5 the hour)
	KindQuantity                // number, unit
	KindConcept                 // id in the concept dictionary, [code]
	KindConceptList             // id of a list of concepts
	KindInterval                // low unknown, high unknown, whether there is one; parts low and high
	KindResource                // rid, [type]
	KindElement                 // rid and ordinal of a backbone element
	KindReference               // rid
	KindChoice                  // tag; parts
	KindTuple                   // whether there is one; parts
	KindList                    // a list in one column
)

// Shape is the shape of the define's value, or of its elements'.
func (d *Define) Shape() Shape {
	columns := d.columns
	return shapeIn(d.elem, &columns)
}

// shapeIn takes the columns of v, which stand in the order of its leaves.
func shapeIn(v value, columns *[]string) Shape {
	take := func(n int) []string {
		head := (*columns)[:n]
		*columns = (*columns)[n:]
		return head
	}
	s := Shape{Type: typeName(v)}
	switch v := v.(type) {
	case boolV, numV, strV:
		s.Kind = KindScalar
	case dateV:
		s.Kind = KindDate
	case qtyV:
		s.Kind = KindQuantity
	case conceptV:
		s.Kind = KindConcept
	case conceptsV:
		s.Kind, s.Type = KindConceptList, "List<Concept>"
	case resV:
		s.Kind = KindResource
	case childV:
		s.Kind, s.Type = KindElement, v.resource+" element"
	case refV:
		s.Kind = KindReference
	case listV:
		s.Kind, s.Type = KindList, "List"
		if v.packed != nil {
			s.Type = "List<" + typeName(v.packed.elem) + ">"
		}
	case intervalV:
		s.Kind = KindInterval
		s.Parts = []Shape{shapeIn(v.s, columns), shapeIn(v.e, columns)}
		s.Columns = take(3)
		return s
	case partV:
		return shapeIn(v.base, columns)
	case choiceV:
		s.Kind, s.Columns = KindChoice, take(1)
		for _, a := range v.alts {
			part := shapeIn(a.v, columns)
			part.Tags = a.tags
			s.Parts = append(s.Parts, part)
		}
		return s
	case tupleV:
		s.Kind, s.Columns = KindTuple, take(1)
		for i, x := range v.fields {
			part := shapeIn(x, columns)
			part.Name = v.names[i]
			s.Parts = append(s.Parts, part)
		}
		return s
	case nullV:
		s.Type = "Null"
	case codeV:
	case valueSetV:
		s.Type = "ValueSet"
	}
	s.Columns = take(len(leaves(v)))
	return s
}
