"use strict";
(() => {
  const MOST = 500;
  const byId = (id) => document.getElementById(id);
  // "É" and "e" are found alike.
  const folded = (text) =>
    text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/ſ/g, "s");
  const bare = (text) => text.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "") || text;

  const sections = [...document.querySelectorAll("section")];
  const pages = sections.map((section) => {
    const words = [...section.querySelectorAll(".w")];
    return { section, words, texts: words.map((word) => bare(folded(word.textContent))) };
  });

  // Stretch each word to its box, once; both grow with the page.
  const stretched = (sheet) => {
    const words = [...sheet.querySelectorAll(".w")];
    const room = sheet.clientWidth / 100;
    const widths = words.map((word) => word.offsetWidth);
    words.forEach((word, i) => {
      const wanted = room * parseFloat(word.style.getPropertyValue("--w"));
      if (widths[i]) word.style.transform = `scaleX(${wanted / widths[i]})`;
    });
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      stretched(target);
      watcher.unobserve(target);
    }
  }, { rootMargin: "100% 0px" });
  document.querySelectorAll(".sheet").forEach((sheet) => watcher.observe(sheet));

  const begins = (texts, at, query) =>
    query.every((part, i) => {
      const text = texts[at + i];
      if (text === undefined) return false;
      return i === query.length - 1 ? text.startsWith(part) : text === part;
    });

  // Places where the words of the query stand in a row; the last may be the start of a word.
  const places = (query) =>
    pages.flatMap(({ section, words, texts }) =>
      texts.flatMap((_, at) =>
        begins(texts, at, query) ? [{ section, words, at, count: query.length }] : []));

  const entry = ({ section, words, at, count }) => {
    const link = document.createElement("a");
    link.href = `#${words[at].id}`;
    const said = (from, to) => words.slice(Math.max(from, 0), to).map((w) => w.textContent).join(" ");
    const mark = document.createElement("mark");
    mark.textContent = said(at, at + count);
    const page = document.createElement("small");
    page.textContent = ` page ${section.dataset.number}`;
    link.append(said(at - 3, at), " ", mark, " ", said(at + count, at + count + 4), page);
    const item = document.createElement("li");
    item.append(link);
    return item;
  };

  const search = () => {
    document.querySelectorAll(".hit").forEach((word) => word.classList.remove("hit"));
    const query = folded(byId("query").value).split(/\s+/).map(bare).filter(Boolean);
    const found = query.length ? places(query) : [];
    for (const { words, at, count } of found)
      words.slice(at, at + count).forEach((word) => word.classList.add("hit"));
    byId("found").replaceChildren(...found.slice(0, MOST).map(entry));
    const more = found.length > MOST ? `, the first ${MOST} listed` : "";
    const places_ = found.length === 1 ? "1 place" : `${found.length} places`;
    byId("count").textContent = query.length ? places_ + more : "";
    return found;
  };

  let waiting = 0;
  byId("query").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    if (search().length) byId("found").querySelector("a").click();
  });
  byId("shade").addEventListener("change", (event) =>
    document.body.classList.toggle("shaded", event.target.checked));
  byId("reveal").addEventListener("change", (event) =>
    document.body.classList.toggle("revealed", event.target.checked));

  const turn = (step) => {
    const tops = sections.map((section) => Math.abs(section.getBoundingClientRect().top));
    const now = tops.indexOf(Math.min(...tops));
    const next = sections[Math.min(Math.max(now + step, 0), sections.length - 1)];
    if (next) next.scrollIntoView();
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "/") { event.preventDefault(); byId("query").focus(); }
    if (event.key === "n") turn(1);
    if (event.key === "p") turn(-1);
  });
})();
