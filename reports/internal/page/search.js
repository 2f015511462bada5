'use strict';
(function () {
  var box = document.getElementById('search'), field = document.getElementById('find'), found = document.getElementById('found');
  var rows = Array.prototype.slice.call(document.querySelectorAll('tr[data-find]'));
  var bodies = Array.prototype.slice.call(document.querySelectorAll('.kpi tbody'));
  box.hidden = false;
  field.addEventListener('input', function () {
    var words = field.value.toLowerCase().split(/\s+/), shown = 0;
    rows.forEach(function (r) {
      r.hidden = !words.every(function (w) { return r.dataset.find.indexOf(w) >= 0; });
      if (!r.hidden) shown++;
    });
    bodies.forEach(function (b) { if (b.querySelector('tr[data-find]')) b.hidden = !b.querySelector('tr[data-find]:not([hidden])'); });
    found.textContent = found.dataset.said.replace('{shown}', shown).replace('{all}', rows.length);
  });
})();
