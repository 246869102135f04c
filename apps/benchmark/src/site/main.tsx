/** @jsxImportSource preact */
import '@mobileone/site-kit/base.css'
import './bench.css'
import { render } from 'preact'
import { App } from './app.tsx'

render(<App />, document.getElementById('app') as HTMLElement)
