/* global version, files: build.js writes them before this. */

addEventListener('install', (event) => {
  skipWaiting()
  event.waitUntil(caches.open(version).then((cache) => cache.addAll(files)))
})

addEventListener('activate', (event) => {
  const outdated = (name) => name.startsWith('page-') && name !== version
  event.waitUntil(
    caches.keys().then(async (names) => {
      await Promise.all(names.filter(outdated).map((name) => caches.delete(name)))
      await clients.claim()
    }),
  )
})

// Weights have a cache of their own, which the SDK checks and resumes.
addEventListener('fetch', (event) => {
  const { request } = event
  const isOwn = files.some(
    (file) => new URL(file, registration.scope).pathname === new URL(request.url).pathname,
  )
  if (request.method !== 'GET' || !isOwn) return
  event.respondWith(
    caches
      .open(version)
      .then(async (cache) => (await cache.match(request, { ignoreSearch: true })) ?? fetch(request)),
  )
})
