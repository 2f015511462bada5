// What farr's chart options may call. A function in an option is {"$fn": name}.
'use strict';
// Nothing is animated or delayed in a drawing.
var setTimeout = function () { return 0; }, clearTimeout = function () {};
var farr = (function () {
  var ink = '#1d2b3a', muted = '#5b6b7b', main = '#0072b2', grid = '#d9e0e6', hidden = '#8793a0';

  function stroke(colour, width) { return { stroke: colour, lineWidth: width, fill: 'none' }; }
  function line(x1, y1, x2, y2, colour, width) {
    return { type: 'line', shape: { x1: x1, y1: y1, x2: x2, y2: y2 }, style: stroke(colour, width || 1), silent: true };
  }
  function text(x, y, s, align, colour, weight, size) {
    return { type: 'text', silent: true, style: { x: x, y: y, text: s, align: align, verticalAlign: 'middle', fill: colour,
      fontFamily: 'Arial, Liberation Sans, Helvetica, sans-serif', fontSize: size || 12, fontWeight: weight || 'normal' } };
  }
  // A hatched box: a number exists and is not shown.
  function hatch(x, y, w, h) {
    var kids = [{ type: 'rect', shape: { x: x, y: y, width: w, height: h }, style: { fill: '#eef1f4' }, silent: true }];
    for (var d = 6 - h; d < w; d += 6) {
      var x1 = Math.max(0, d), y1 = d < 0 ? h + d : h, x2 = Math.min(w, d + h), y2 = y1 - (x2 - x1);
      if (x2 > x1) kids.push(line(x + x1, y + y1, x + x2, y + y2, '#b4bec8', 1));
    }
    return kids;
  }

  function number(v, group) {
    var parts = String(v).split('.');
    if (group) parts[0] = parts[0].replace(/\B(?=(\d{3})+(?!\d))/g, group);
    return parts.join(farr.signs.decimal);
  }

  var fns = {
    percent: function (v) { return farr.signs.percent.replace('0', function () { return number(v, ''); }); },
    plain: function (v) { return number(v, farr.signs.group); },

    // [category, low, high]: an upright interval with short caps.
    whisker: function (params, api) {
      var a = api.coord([api.value(0), api.value(1)]), b = api.coord([api.value(0), api.value(2)]);
      var x = Math.round(a[0]) + 0.5, cap = 3;
      return { type: 'group', children: [
        line(x, a[1], x, b[1], '#7fb3d5', 1.5), line(x - cap, a[1], x + cap, a[1], '#7fb3d5', 1.5), line(x - cap, b[1], x + cap, b[1], '#7fb3d5', 1.5),
      ] };
    },

    // [category]: a hatched column where the number is hidden.
    hiddenColumn: function (params, api) {
      var c = params.coordSys, w = Math.max(4, Math.min(16, api.size([1, 0])[0] * 0.6));
      var x = api.coord([api.value(0), 0])[0] - w / 2;
      return { type: 'group', children: hatch(x, c.y + c.height - 14, w, 14) };
    },

    // [category, value, shift, own]: words at the line's end, or beside their own point.
    endLabel: function (params, api) {
      var row = farr.rows[params.dataIndex], at = api.coord([api.value(0), api.value(1)]);
      if (api.value(3)) {
        var shift = api.value(2), y = at[1] + shift, own = text(at[0], y, row.label, row.align, row.colour, row.weight);
        own.style.stroke = '#fff';
        own.style.lineWidth = 3;
        var kids = [own];
        if (Math.abs(shift) > 16) kids.unshift(line(at[0], at[1] + (shift < 0 ? -5 : 5), at[0], y + (shift < 0 ? 8 : -8), row.colour, 1));
        return { type: 'group', children: kids };
      }
      return text(params.coordSys.x + params.coordSys.width + 8, at[1] + api.value(2), row.label, 'left', row.colour, row.weight);
    },

    // [category, share, _, rebase]: an upright line at a share of the way through a period, with its number (farr.numbers) above.
    eventLine: function (params, api) {
      var c = params.coordSys, at = api.coord([api.value(0), 0])[0], w = api.size([1, 0])[0];
      var x = Math.round(at + (api.value(1) - 0.5) * w) + 0.5, colour = api.value(3) ? ink : muted;
      var number = farr.numbers[params.dataIndex], grow = (number.length - 1) * 3;
      return { type: 'group', children: [
        line(x, c.y, x, c.y + c.height, colour, 1),
        { type: 'rect', shape: { x: x - 8 - grow, y: c.y - 19, width: 16 + 2 * grow, height: 16, r: 8 }, style: { fill: '#fff', stroke: colour, lineWidth: 1 }, silent: true },
        text(x, c.y - 10.5, number, 'center', colour, 'bold', 11),
      ] };
    },

    // [row, kind, rate, low, high, size, overall]: one row of a forest, with its label at the
    // left and its numbers at the right; the words come in farr.rows.
    forestRow: function (params, api) {
      var row = farr.rows[params.dataIndex], c = params.coordSys, kind = api.value(1);
      var y = Math.round(api.coord([0, api.value(0)])[1]) + 0.5, kids = [];
      if (kind === 0) {
        kids.push(text(farr.left, y, row.label, 'left', ink, 'bold'));
        kids.push(line(farr.left, y + 11, farr.width, y + 11, grid, 1));
        return { type: 'group', children: kids };
      }
      kids.push(text(farr.left + (kind === 2 ? 0 : 12), y, row.label, 'left', ink, kind === 2 ? 'bold' : 'normal'));
      if (row.state) {
        if (row.hidden) kids = kids.concat(hatch(c.x + 4, y - 6, 28, 12));
        kids.push(text(c.x + (row.hidden ? 40 : 4), y, row.state, 'left', muted));
        if (row.n) kids.push(text(farr.nAt, y, row.n, 'right', muted));
        return { type: 'group', children: kids };
      }
      var at = api.coord([api.value(2), 0])[0], low = api.coord([api.value(3), 0])[0], high = api.coord([api.value(4), 0])[0];
      var size = api.value(5), cap = 4, colour = kind === 2 ? ink : main, half = size / 2;
      kids.push(line(low, y, high, y, colour, 1.5), line(low, y - cap, low, y + cap, colour, 1.5), line(high, y - cap, high, y + cap, colour, 1.5));
      if (farr.mark === 'circle') kids.push({ type: 'circle', shape: { cx: at, cy: y, r: half }, style: { fill: row.hollow ? '#fff' : colour, stroke: colour, lineWidth: 1.5 }, silent: true });
      else if (kind === 2) kids.push({ type: 'polygon', shape: { points: [[at - 7, y], [at, y - 7], [at + 7, y], [at, y + 7]] }, style: { fill: colour }, silent: true });
      else kids.push({ type: 'rect', shape: { x: at - half, y: y - half, width: size, height: size }, style: { fill: row.hollow ? '#fff' : colour, stroke: colour, lineWidth: 1.5 }, silent: true });
      if (farr.nAt) kids.push(text(farr.nAt, y, row.n, 'right', muted));
      kids.push(text(farr.rateAt, y, row.rate, 'right', ink, 'bold'));
      return { type: 'group', children: kids };
    },
  };

  function revive(v) {
    if (Array.isArray(v)) return v.map(revive);
    if (v === null || typeof v !== 'object') return v;
    var keys = Object.keys(v);
    if (keys.length === 1 && keys[0] === '$fn') {
      if (!Object.prototype.hasOwnProperty.call(fns, v.$fn)) throw new Error('no such chart function');
      return fns[v.$fn];
    }
    var out = {};
    keys.forEach(function (k) { out[k] = revive(v[k]); });
    return out;
  }

  return {
    render: function (json) {
      var spec = JSON.parse(json);
      farr.rows = spec.rows; farr.left = spec.left; farr.nAt = spec.nAt; farr.rateAt = spec.rateAt; farr.mark = spec.mark; farr.numbers = spec.numbers || [];
      farr.signs = spec.signs || { decimal: '.', group: ',', percent: '0 %' }; farr.width = spec.width;
      var c = echarts.init(null, null, { renderer: 'svg', ssr: true, width: spec.width, height: spec.height });
      try {
        c.setOption(revive(spec.option));
        return c.renderToSVGString();
      } finally { c.dispose(); }
    },
  };
})();
function farrRender(json) { return farr.render(json); }
