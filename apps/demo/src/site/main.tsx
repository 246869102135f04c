/** @jsxImportSource preact */
import '@mobileone/site-kit/base.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { keepOffline } from './install/installation.ts'

render(<App />, document.getElementById('app') as HTMLElement)
keepOffline()
