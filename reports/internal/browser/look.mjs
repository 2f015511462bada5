// What the check asks of an open page. Each function is sent into the page, so it may use
// nothing but the page.

// sideways names what is wider than the window; null when nothing is.
export function sideways() {
  const limit = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= limit) return null
  const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > limit + 1)
  return wide.slice(0, 3).map((e) => e.tagName + '.' + e.getAttribute('class')).join(' ') || 'body'
}

export function openAll(open) {
  document.querySelectorAll('details').forEach((d) => { d.open = open })
}

// violations are axe's, by the rules of WCAG 2.2 A and AA and of best practice.
export async function violations() {
  const result = await globalThis.axe.run(document, {
    preload: false, // nothing to fetch: the one style sheet is in the page
    resultTypes: ['violations'],
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  })
  return result.violations.map((v) => ({ id: v.id, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)) }))
}

// policy is the page's own security policy; empty without one.
export function policy() {
  const m = document.querySelector('meta[http-equiv="Content-Security-Policy"]')
  return m ? m.getAttribute('content') : ''
}

// reading is what a reader can read, all details open: without what a script puts there as a
// tool, which is marked data-tool.
export function reading() {
  document.querySelectorAll('details').forEach((d) => { d.open = true })
  document.querySelectorAll('[data-tool]').forEach((e) => e.remove())
  return document.body.innerText.replace(/\s+/g, ' ').trim()
}

// drawings says which words of a drawing leave its frame, and which lie on each other. A pixel
// and a half is not seen.
export function drawings() {
  const out = []
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect()
    if (frame.width === 0 || frame.height === 0) continue
    const name = svg.querySelector('title')?.id || svg.parentElement.className || 'svg'
    const all = [...svg.querySelectorAll('text')].map((t) => ({ words: t.textContent.trim(), box: t.getBoundingClientRect() }))
      .filter((t) => t.words && t.box.width > 0)
    for (const { words, box } of all) {
      const past = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom)
      if (past > 1.5) out.push({ kind: 'clipped', detail: `${name}: “${words.slice(0, 40)}” is ${past.toFixed(1)} px outside` })
    }
    for (let i = 0; i < all.length; i++) {
      for (let j = i + 1; j < all.length; j++) {
        const a = all[i].box, b = all[j].box
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
        // A box is as high as the font may be, a third more than its letters.
        if (across > 2 && down > 0.4 * Math.min(a.height, b.height)) {
          out.push({ kind: 'overlap', detail: `${name}: “${all[i].words.slice(0, 30)}” and “${all[j].words.slice(0, 30)}”` })
        }
      }
    }
  }
  return out.slice(0, 12)
}
