/** `npm run build`: compiles src to dist from scratch. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, root } from './prepare.mjs'

install()
rmSync(join(root, 'dist'), { recursive: true, force: true })
build({ force: true })
