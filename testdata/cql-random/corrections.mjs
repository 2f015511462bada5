// Where cql-execution 3.3.2 differs from CQL's specification (1.5.3, https://cql.hl7.org): the
// section that says who is right, and what cql-execution would have to answer.
//
// The oracle evaluates twice, as it is and with all corrections in place. A difference from farr is
// explained only where a correction changed something on the way and farr's answer is exactly
// what comes out then, so that a class can hide no other fault. The run prints each by count.
//
// fix(object, method, after) puts after(answer, arguments, self) in place of a method's answer.
export const corrections = [
  {
    name: "interval of two nulls",
    why: "an interval whose ends are both null is null: 1.5.3 does not say, and HL7's cql-tests do (CqlIntervalOperatorsTest, TestInNullBoundaries, TestOverlapsNull, TestStartsNull, TestUnionNull); cql-execution takes it for all there is, as 2.0 does",
    install: ({ elm, fix }) => fix(elm.Interval.prototype, "exec", (v) => (v && v.low == null && v.high == null ? null : v)),
  },
  {
    name: "in, at a precision",
    why: "In compares at the precision that is given (Reference, In): points that are equal and less precise than it are unknown; cql-execution takes such a point for the end",
    install: ({ Interval, cmp, logic, fix }) =>
      fix(Interval.prototype, "contains", (v, [item, precision], self) => {
        if (item == null || !item.sameAs) return v;
        const at = (end, closed) => closed && end != null && (precision ? end.sameAs(item, precision) : cmp.equals(end, item)) === true;
        if (at(self.low, self.lowClosed) || at(self.high, self.highClosed)) return true;
        const side = (end, closed, closedFn, openFn) => (end == null ? (closed ? true : null) : (closed ? closedFn : openFn)(end, item, precision));
        return logic.ThreeValuedLogic.and(side(self.low, self.lowClosed, cmp.lessThanOrEquals, cmp.lessThan), side(self.high, self.highClosed, cmp.greaterThanOrEquals, cmp.greaterThan));
      }),
  },
  {
    name: "starts and ends, by Start and End",
    why: "Starts and Ends take the ends that Start and End give (Reference, Starts, Ends): an open end is the point beside it and a closed null end is the type's; cql-execution compares the ends as they were written",
    install: ({ Interval, cmp, logic, fix }) => {
      const same = (x, y, precision) => (precision && x?.sameAs ? x.sameAs(y, precision) : cmp.equals(x, y));
      fix(Interval.prototype, "starts", (v, [other, precision], self) => {
        const [a, b] = [self.toClosed(), other.toClosed()];
        return logic.ThreeValuedLogic.and(same(a.low, b.low, precision), cmp.lessThanOrEquals(a.high, b.high, precision));
      });
      fix(Interval.prototype, "ends", (v, [other, precision], self) => {
        const [a, b] = [self.toClosed(), other.toClosed()];
        return logic.ThreeValuedLogic.and(same(a.high, b.high, precision), cmp.greaterThanOrEquals(a.low, b.low, precision));
      });
    },
  },
  {
    name: "included in, at a precision",
    why: "IncludedIn compares at the precision that is given (Reference, Included In); cql-execution drops it",
    install: ({ Interval, fix }) => fix(Interval.prototype, "includedIn", (v, [other, precision], self) => (precision && other?.isInterval ? other.includes(self, precision) : v)),
  },
  {
    name: "equal lists with nulls",
    why: "lists are equal element by element, with nulls equal (Reference, Equal of lists): unequal elements make them unequal beside a null, and cql-execution answers null for every list with one",
    install: ({ cmp, logic, fix }) => {
      const equal = (a, b) => {
        if (!Array.isArray(a) || !Array.isArray(b)) return cmp.equals(a, b);
        if (a.length !== b.length) return false;
        return a.reduce((so, x, i) => logic.ThreeValuedLogic.and(so, x == null && b[i] == null ? true : equal(x, b[i])), true);
      };
      fix(cmp, "equals", (v, [a, b]) => (Array.isArray(a) && Array.isArray(b) ? equal(a, b) : v));
    },
  },
];
