'use strict';
(() => {
  const form = document.getElementById('filters');
  const rows = [...document.querySelectorAll('#table tbody tr:not(.g)')].map((row) => ({
    row,
    group: row.parentNode.dataset.g,
    covers: ` ${row.dataset.r} `,
    words: row.firstElementChild.textContent.toLowerCase(),
    cells: [...row.children].slice(1),
    differs: 'd' in row.dataset,
  }));
  const bodies = [...document.querySelectorAll('#table tbody')];
  const known = new Set([...document.querySelectorAll('#requirements option')].map((option) => option.value));
  const isGood = (kind) => kind === 'k-p' || kind === 'k-a' || kind === 'no';
  const fits = (kind, verdict, grade) =>
    (!verdict || (verdict === 'x' ? !isGood(kind) : kind.startsWith(`k-${verdict}`))) && (!grade || kind === `k-${grade}`);

  const filter = () => {
    const want = Object.fromEntries(new FormData(form));
    const words = want.words.toLowerCase().split(/\s+/).filter(Boolean);
    const rule = want.requirement.trim();
    const byCell = want.verdict || want.grade || want.target;
    let count = 0;
    for (const each of rows) {
      let seen = (!want.group || each.group === want.group)
        && (!rule || each.covers.includes(known.has(rule) ? ` ${rule} ` : ` ${rule}`))
        && (!want.differs || each.differs)
        && words.every((word) => each.words.includes(word));
      let any = !byCell;
      each.cells.forEach((cell, number) => {
        const hit = cell.className !== 'no' && (!want.target || Number(want.target) === number)
          && fits(cell.className.split(' ')[0], want.verdict, want.grade);
        any = any || hit;
        cell.classList.toggle('dim', Boolean(byCell) && !hit);
      });
      seen = seen && any;
      each.row.hidden = !seen;
      count += seen;
    }
    for (const body of bodies) body.hidden = !body.querySelector('tr:not(.g):not([hidden])');
    document.getElementById('none').hidden = count > 0;
    document.getElementById('shown').textContent = `${count} of ${rows.length} scenarios`;
  };
  let due = 0;
  const soon = () => { cancelAnimationFrame(due); due = requestAnimationFrame(filter); };
  form.addEventListener('input', soon);
  form.addEventListener('reset', () => setTimeout(filter));
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
  const count = `${rows.length} of ${rows.length} scenarios`;
  document.getElementById('shown').textContent = count;

  let from = null;
  const target = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    return id ? document.getElementById(id) : null;
  };
  const behind = document.querySelectorAll('.skip,.top,main>section:not(#evidence),body>footer');
  const opened = () => {
    const at = target();
    const sheet = at && at.closest('.sc');
    for (const each of behind) each.inert = Boolean(sheet);
    if (sheet) {
      at.focus({ preventScroll: true });
      sheet.querySelector('.sheet').scrollTop = 0;
    } else if (from && at) {
      (document.contains(from) ? from : at).focus({ preventScroll: false });
    }
  };
  document.getElementById('table').addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (link) from = link;
  });
  addEventListener('hashchange', opened);
  if (target()) opened();
  addEventListener('keydown', (event) => {
    if (event.target.matches('input,select')) return;
    const at = target();
    const sheet = at && at.closest('.sc');
    if (!sheet || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape') location.hash = `r-${sheet.id}`;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const tabs = [...sheet.querySelectorAll('.tabs a')];
      const now = tabs.findIndex((tab) => tab.hash === location.hash);
      event.preventDefault();
      tabs[(now + step + tabs.length) % tabs.length].click();
    }
  });
})();
