// The service worker: keeps the page's own files, so that it opens without the service. It never keeps an image or a result.

const CACHE = "pleura-page";

/** What a file of the page refers to. */
const REFERENCES = [/(?:href|src)="(web\/[\w.]+)"/g, /from "\.\/([\w.]+)"/g];

self.addEventListener("install", (event) => event.waitUntil(keepPage().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && isPage(new URL(url))) {
    event.respondWith(fromNetwork(event.request));
  }
});

function isPage({ origin, pathname }) {
  const scope = new URL(self.registration.scope);
  const path = pathname.startsWith(scope.pathname) ? pathname.slice(scope.pathname.length) : null;
  return origin === scope.origin && path !== null && (path === "" || /^web\/[\w.]+$/.test(path));
}

/** What the service sends, so that the page is never older than it; what was kept if it does not answer. */
async function fromNetwork(request) {
  try {
    const response = await fetch(request);
    if (response.ok) {
      await (await caches.open(CACHE)).put(request, response.clone());
    }
    return response;
  } catch (error) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) {
      return kept;
    }
    throw error;
  }
}

async function keepPage() {
  const cache = await caches.open(CACHE);
  const wanted = [self.registration.scope];
  const seen = new Set(wanted);
  for (let next = wanted.pop(); next; next = wanted.pop()) {
    const response = await fetch(next, { cache: "no-store" });
    const text = await response.clone().text();
    await cache.put(next, response);
    for (const [, name] of REFERENCES.flatMap((pattern) => [...text.matchAll(pattern)])) {
      const url = new URL(name.startsWith("web/") ? name : `web/${name}`, self.registration.scope).href;
      if (!seen.has(url)) {
        seen.add(url);
        wanted.push(url);
      }
    }
  }
}
