// What the check asks of a page on paper: A4 with the margins of the page's own @page rule.
import { inflateSync } from 'node:zlib'

// sheet is what A4 leaves for the content, in CSS pixels at 96 to the inch.
export const sheet = { width: Math.floor((210 - 28) / 25.4 * 96), height: Math.floor((297 - 32) / 25.4 * 96) }

// cut names what paper would lose: an element past the sheet's edge, or one that hides or
// scrolls what does not fit into it. A figure must not break, and so must fit on a sheet.
export function cut(sheet) {
  const out = []
  const told = new Set() // what is inside of these goes with them
  const name = (e) => `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}${e.getAttribute('class') ? '.' + e.getAttribute('class').replace(/ /g, '.') : ''}`
  for (const e of document.querySelectorAll('body *')) {
    const box = e.getBoundingClientRect()
    if (box.width <= 1 || box.height <= 1 || e.closest('svg') !== null && e.tagName !== 'svg') continue
    const style = getComputedStyle(e)
    if (style.clipPath !== 'none' || style.visibility === 'hidden') continue
    if (told.has(e.parentElement)) {
      told.add(e)
      continue
    }
    const words = e.textContent.trim().replace(/\s+/g, ' ').slice(0, 40)
    const count = out.length
    if (box.right > sheet.width + 1) out.push({ kind: 'cut', detail: `${name(e)} ends ${Math.round(box.right - sheet.width)} px past the paper: “${words}”` })
    const across = style.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1
    const down = style.overflowY !== 'visible' && e.scrollHeight > e.clientHeight + 1
    if ((across || down) && e.tagName !== 'svg') out.push({ kind: 'cut', detail: `${name(e)} holds more than it shows: “${words}”` })
    if (e.tagName === 'FIGURE') {
      if (!/avoid/.test(style.breakInside)) out.push({ kind: 'broken', detail: `${name(e)} may break over pages` })
      else if (box.height > sheet.height) out.push({ kind: 'broken', detail: `${name(e)} is ${Math.round(box.height)} px high, and a page ${sheet.height}` })
    } else if (/avoid/.test(style.breakInside) && box.height > 0.45 * sheet.height) {
      out.push({ kind: 'gap', detail: `${name(e)} is ${Math.round(box.height)} px high and may not break: it leaves a page half empty` })
    }
    if (out.length > count) told.add(e)
  }
  return out
}

// untagged says what a PDF lacks for those who hear it: a mark that it is tagged, the tree of
// its structure, its language and its title. The tree must have headings, and a figure that is
// tagged needs words.
export function untagged(pdf) {
  const text = objects(pdf)
  const out = []
  if (!/\/MarkInfo\s*<<[^>]*\/Marked\s+true/.test(text)) out.push('not marked as tagged')
  if (!/\/StructTreeRoot\s+\d+ \d+ R/.test(text)) out.push('no structure tree')
  if (!/\/S\s*\/H1\b/.test(text)) out.push('no first heading in the structure')
  if (!/\/Lang\s*[(<]/.test(text)) out.push('no language')
  if (!/\/Title\s*[(<]/.test(text)) out.push('no title')
  return out
}

// sheets is how many pages a PDF has.
export function sheets(pdf) { return (objects(pdf).match(/\/Type\s*\/Page\b/g) || []).length }

// links are the addresses that a PDF leads to.
export function addresses(pdf) { return [...objects(pdf).matchAll(/\/URI\s*\(((?:[^()\\]|\\.)*)\)/g)].map((m) => m[1]) }

// objects is a PDF's text outside of its streams, and that of its object streams.
function objects(pdf) {
  const raw = pdf.toString('latin1')
  const packed = []
  for (const m of raw.matchAll(/<<([^]{0,400}?)>>\s*stream\r?\n/g)) {
    if (!/\/ObjStm\b/.test(m[1])) continue
    const from = m.index + m[0].length
    packed.push(inflateSync(pdf.subarray(from, raw.indexOf('endstream', from))).toString('latin1'))
  }
  return raw.replace(/stream\r?\n[^]*?endstream/g, '') + packed.join('\n')
}
