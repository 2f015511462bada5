package plan

// identity is what tells an element from the others of a list, where equal elements are one:
// equality, with nulls equal (CQL 1.5, "Distinct", "Union"). A null is one however it came
// about, and a date is its first and last moment, which tell its precision: a second is the
// same moment with and without milliseconds.
func identity(v value) []expr {
	of := func(there expr, list []expr) (out []expr) {
		for _, x := range list {
			if there != yes {
				x = when(there, x)
			}
			out = append(out, x)
		}
		return out
	}
	switch v := v.(type) {
	case dateV:
		list := []expr{v.lo}
		if !v.exact() {
			list = append(list, when(present(v.lo), v.hi))
		}
		return list
	case qtyV:
		kind, size := kindSize(v.unit) // 1 g is 1000 mg
		return []expr{when(present(v.num), kind), apply(opMultiply, decimal(v.num), size)}
	case intervalV:
		there := truth(v.nn)
		list := append(of(there, identity(v.s)), of(there, identity(v.e))...)
		return append(list, of(there, []expr{truth(v.sUnk), truth(v.eUnk)})...)
	case tupleV:
		there := truth(v.nn)
		list := []expr{there}
		for _, x := range v.fields {
			list = append(list, of(there, identity(x))...)
		}
		return list
	}
	return leaves(v)
}
