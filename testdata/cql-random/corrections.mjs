// Where cql-execution 3.3.2 differs from CQL's specification (1.5.3, https://cql.hl7.org): the
// section that says who is right, and what cql-execution would have to answer.
//
// The oracle evaluates twice, as it is and with all corrections in place. A difference from farr is
// explained only where a correction changed something on the way and farr's answer is exactly
// what comes out then, so that a class can hide no other fault. The run prints each by count.
//
// Where a class says any, what it is about is an error by the specification, and the case is not compared.
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
    why: "In compares at the precision that is given (Reference, In): points that are equal and less precise than it are unknown; cql-execution takes such a point for the end, also where it is beyond the other end",
    install: ({ Interval, cmp, logic, fix }) =>
      fix(Interval.prototype, "contains", (v, [item, precision], self) => {
        if (item == null || !item.sameAs) return v;
        const at = (end, closed) => closed && end != null && (precision ? end.sameAs(item, precision) : cmp.equals(end, item)) === true;
        const side = (end, closed, closedFn, openFn) => (end == null ? (closed ? true : null) : (closed ? closedFn : openFn)(end, item, precision));
        const between = logic.ThreeValuedLogic.and(side(self.low, self.lowClosed, cmp.lessThanOrEquals, cmp.lessThan), side(self.high, self.highClosed, cmp.greaterThanOrEquals, cmp.greaterThan));
        return between ?? (at(self.low, self.lowClosed) || at(self.high, self.highClosed) ? true : null);
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
    name: "duplicates of a query without a return clause",
    why: "a query without a return clause keeps duplicates: 1.5.3 says of a return clause alone that it drops them, and HL7's cql-tests keep them (CqlListOperatorsTest, simpleSortAsc, simpleSortDesc); cql-execution drops them",
    install: ({ elm, part, fix }) => {
      let keep = false; // isDistinct is asked right before the list is made
      fix(elm.Query.prototype, "isDistinct", (v, args, self) => {
        keep = v && self.returnClause == null && self.aggregateClause == null;
        return v;
      });
      fix(part("elm/list"), "toDistinctList", (v, [list]) => {
        const all = keep && v.length < list.length;
        keep = false;
        return all ? list : v;
      });
    },
  },
  {
    name: "included in, at a precision",
    why: "IncludedIn compares at the precision that is given (Reference, Included In); cql-execution drops it",
    install: ({ Interval, fix }) => fix(Interval.prototype, "includedIn", (v, [other, precision], self) => (precision && other?.isInterval ? other.includes(self, precision) : v)),
  },
  {
    name: "equivalent quantities of two kinds",
    why: "Equivalent is never null (Reference, Equivalent): quantities that do not convert are not equivalent; cql-execution answers null",
    install: ({ cmp, fix }) => fix(cmp, "equivalent", (v, [a]) => (v === null && a?.isQuantity ? false : v)),
  },
  {
    name: "sums of quantities of two units",
    why: "the unit of a sum or a difference is the more granular of the operands' (Reference, Add, Subtract), and a Sum adds one by one; cql-execution takes one of the two",
    install: ({ elm, part, fix }) => {
      const quantity = part("datatypes/quantity");
      const { convertUnit } = part("util/units");
      const add = (a, b, sign) => {
        const [u, v] = [a.unit ?? "1", b.unit ?? "1"];
        const size = u === v ? 1 : convertUnit(1, u, v);
        const unit = size < 1 ? u : v;
        const sum = convertUnit(a.value, u, unit) + sign * convertUnit(b.value, v, unit);
        return new quantity.Quantity(Number(sum.toFixed(8)), unit);
      };
      const two = (v, a, b, sign) => (v && a?.isQuantity && b?.isQuantity && a.unit !== b.unit ? add(a, b, sign) : v);
      fix(quantity, "doAddition", (v, [a, b]) => two(v, a, b, 1));
      fix(quantity, "doSubtraction", (v, [a, b]) => two(v, a, b, -1));
      fix(elm.Sum.prototype, "exec", async (v, [ctx], self) => {
        if (!v?.isQuantity) return v;
        const items = (await self.source.execute(ctx)).filter((x) => x != null);
        return items.every((x) => x.unit === items[0].unit) ? v : items.reduce((a, b) => add(a, b, 1));
      });
    },
  },
  {
    name: "round of a negative half",
    why: "-0.5 rounds to -1 (Reference, Round); cql-execution rounds a half up",
    install: ({ elm, fix }) =>
      fix(elm.Round.prototype, "exec", async (v, [ctx], self) => {
        const x = await self.arg.execute(ctx);
        const places = self.precision ? await self.precision.execute(ctx) : 0;
        return x == null || x >= 0 ? v : -Math.round(-x * 10 ** places) / 10 ** places;
      }),
  },
  {
    name: "beside a quantity",
    why: "the quantity beside another is a step of Decimal away, 10^-8 (Reference, Successor, Predecessor); cql-execution takes a whole number for an Integer",
    install: ({ part, fix }) => {
      const math = part("util/math");
      const step = (by) => (v, [x]) => {
        if (!x?.isQuantity || !Number.isInteger(x.value) || !v?.isQuantity) return v;
        const beside = x.clone();
        beside.value = Number((x.value + by).toFixed(8));
        return beside;
      };
      fix(math, "successor", step(1e-8));
      fix(math, "predecessor", step(-1e-8));
    },
  },
  {
    name: "same as, of intervals",
    why: "intervals are the same where their starts and their ends are (Reference, Same As): different ends make them different, whatever the starts; cql-execution answers null",
    install: ({ Interval, logic, fix }) =>
      fix(Interval.prototype, "sameAs", (v, [other, precision], self) => {
        const [a, b] = [self.toClosed(), other.toClosed()];
        const same = (x, y) => (x?.sameAs && y?.sameAs ? x.sameAs(y, precision) : v);
        return logic.ThreeValuedLogic.and(same(a.low, b.low), same(a.high, b.high));
      }),
  },
  {
    name: "collapse of open ends",
    why: "what is collapsed covers all that the intervals cover (Reference, Collapse): of one that ends at a moment and one that ends before it the moment is covered; cql-execution compares the ends as they were written",
    install: ({ elm, Interval, part, cmp, fix }) =>
      fix(elm.Collapse.prototype, "exec", async (v, [ctx], self) => {
        const [list, per] = await self.execArgs(ctx);
        const exact = (x) => x?.isDateTime && x.millisecond != null;
        const closed = list?.filter((i) => i != null).map((i) => i.toClosed());
        if (!v || per || !closed.every((i) => exact(i.low) && exact(i.high))) return v;
        closed.sort((a, b) => (a.low.before(b.low) ? -1 : a.low.after(b.low) ? 1 : 0));
        const out = [];
        for (const i of closed) {
          const last = out[out.length - 1];
          if (!last || i.low.after(part("util/math").successor(last.high))) out.push(new Interval(i.low, i.high, true, true));
          else if (cmp.greaterThan(i.high, last.high)) last.high = i.high;
        }
        return out;
      }),
  },
  {
    name: "unknown ends, at a precision",
    why: "a comparison at a precision is not known for ends that are less precise (Reference, Same Or Before), also where one of them is uncertain; cql-execution drops the precision there",
    install: ({ cmp, fix }) => {
      const least = (x) => (x?.isUncertainty ? x.low : x);
      const most = (x) => (x?.isUncertainty ? x.high : x);
      const known = (test) => (v, [a, b, precision]) => (precision && v === true && (a?.isUncertainty || b?.isUncertainty) && test(a, b, precision) !== true ? null : v);
      fix(cmp, "lessThanOrEquals", known((a, b, p) => most(a)?.sameOrBefore?.(least(b), p)));
      fix(cmp, "greaterThanOrEquals", known((a, b, p) => least(a)?.sameOrAfter?.(most(b), p)));
    },
  },
  {
    name: "invalid interval",
    why: "an interval whose low is greater than its high is an error (Author's Guide, Intervals): no answer to it is right or wrong, and both engines have one",
    any: true,
    install: ({ elm, cmp, fix, note }) =>
      fix(elm.Interval.prototype, "exec", (v) => {
        const greater = v && v.low != null && v.high != null && (cmp.greaterThan(v.low, v.high) === true || (!(v.lowClosed && v.highClosed) && cmp.equals(v.low, v.high) === true));
        if (greater) note();
        return v;
      }),
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
