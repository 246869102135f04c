/** @jsxImportSource preact */
import { saveFile } from '@mobileone/site-kit/save-file'
import { ScrollRegion } from '@mobileone/site-kit/scroll-region'
import type { JSX } from 'preact'
import { remoteSuites, suitesJson } from './suites.ts'

/** How a runner of the Speedometer family measures this page. */
export function RunnerGuide(): JSX.Element {
  const base = new URL('./', location.href).href
  return (
    <section class="panel">
      <h2>In your runner</h2>
      <p>
        Runners that descend from Speedometer's, such as that of GoogleChrome/webai-compute-benchmark, take
        lists of further suites. Give yours the address of this list, and choose suites by their tags:
      </p>
      <p>
        <code>{`?config=${base}suites.json&tags=mobileone`}</code>
      </p>
      <p class="muted">
        From another origin a page has no shared memory, and so one thread. To measure threads, copy this site
        into the folder <code>resources/mobileone</code> of the runner, and give it{' '}
        <code>?config=resources/mobileone/suites.json</code>.
      </p>
      <div class="row">
        <button
          type="button"
          class="quiet"
          onClick={() => saveFile('suites.json', new Blob([suitesJson(base)], { type: 'application/json' }))}
        >
          Save suites.json with this site's addresses
        </button>
      </div>
      <ScrollRegion label="Suites">
        <table>
          <thead>
            <tr>
              <th scope="col">Suite</th>
              <th scope="col">Tags</th>
            </tr>
          </thead>
          <tbody>
            {remoteSuites('./').map(({ name, url, tags }) => (
              <tr key={name}>
                <td>
                  <a href={url}>{name}</a>
                </td>
                <td>{tags.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </section>
  )
}
