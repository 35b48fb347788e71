// Words of titles: which ones mark a group of items out from all others.
const DULL = new Set(["the", "and", "of", "a", "an", "in", "with", "for", "to", "set", "de", "la", "le"]);

export function wordsOf(title: string): string[] {
  return [...new Set(title.toLowerCase().match(/\p{L}{3,}/gu) ?? [])].filter((word) => !DULL.has(word));
}

/** The words that more of `here` have than of `there`, the strongest first; each stands in two titles or more. */
export function markingWords(here: string[], there: string[], most = 3): string[] {
  const count = (titles: string[]) => {
    const counts = new Map<string, number>();
    for (const title of titles) for (const word of wordsOf(title)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  };
  const [mine, theirs] = [count(here), count(there)];
  return [...mine]
    .map(([word, n]) => [word, n - ((theirs.get(word) ?? 0) * here.length) / Math.max(1, there.length), n] as const)
    .filter(([, lead, n]) => n >= 2 && lead >= 1.5)
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([word]) => word);
}
