// Type-checks, compiles and runs main.ts (or the file named as the first argument): what both `npm run synth` and `cdk8s synth` execute.
// The compiler works while the libraries load, and not at all where nothing that it read has changed since it found the types right;
// no line of main.ts runs before they are.
// CommonJS, which Node.js starts sooner.
const { createHash } = require('node:crypto');
const { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join, relative, resolve, sep } = require('node:path');

const root = dirname(__dirname);
const isIn = (folder, file) => file.startsWith(`${folder}${sep}`);
const main = resolve(process.argv[2] ?? join(root, 'main.ts'));
const outdir = process.env.CDK8S_OUTDIR;

/** The folder of compiled files: a shared one, in which the compiler does only what has changed, or one of this process where another one is at it. */
function takeCache() {
  const folder = join(root, 'node_modules', '.cache', 'cdk8s-vault');
  mkdirSync(folder, { recursive: true });
  // as Node.js names what it loads from there: node_modules may be a link
  const shared = join(realpathSync(folder), createHash('sha256').update(main).digest('hex').slice(0, 8));
  mkdirSync(shared, { recursive: true });
  if (takeLock(lockOf(shared))) {
    process.on('exit', () => rmSync(lockOf(shared), { force: true }));
    return shared;
  }
  const own = `${shared}-${process.pid}`;
  mkdirSync(own, { recursive: true });
  process.on('exit', () => rmSync(own, { recursive: true, force: true }));
  return own;
}

const lockOf = folder => join(folder, 'lock');
const isLocked = folder => isHeld(holderOf(lockOf(folder)));

/** Takes a lock that is free, or whose holder is gone. */
function takeLock(lock) {
  if (createLock(lock)) return true;
  const holder = holderOf(lock);
  if (holder === undefined || isHeld(holder)) return false;
  // of several who find it, one at a time looks again and deletes it: nobody deletes the lock that another has taken since
  const takeover = `${lock}-${holder}`;
  if (!createLock(takeover)) return false;
  try {
    if (holderOf(lock) === holder) rmSync(lock);
  } finally {
    rmSync(takeover);
  }
  return createLock(lock);
}

function createLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  }
}

/** The process that holds a lock: '' where it has not written its number yet. */
function holderOf(lock) {
  try {
    return readFileSync(lock, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  }
}

const isHeld = holder => holder !== undefined && (holder === '' || isRunning(Number(holder)));

/** Deletes the caches of files that are gone, such as those of tests. */
function forgetGone(cache) {
  writeFileSync(join(cache, 'main'), main);
  for (const name of readdirSync(dirname(cache))) {
    const other = join(dirname(cache), name);
    const of = join(other, 'main');
    // one of this minute may be that of a synth which is just beginning
    const isNew = (statSync(other, { throwIfNoEntry: false })?.mtimeMs ?? 0) > Date.now() - 60_000;
    if (other === cache || isNew || isLocked(other) || (existsSync(of) && existsSync(readFileSync(of, 'utf8')))) continue;
    rmSync(other, { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Its time is that of the last run of the compiler that found no error. */
const checkedIn = cache => join(cache, 'checked');

/**
 * Whether no file has changed since the compiler last found no error in it: neither what it read, nor what decides what it reads.
 * By the time of the inode's last change, which a file keeps neither by `mv` nor by `cp -p`.
 */
function isCompiled(cache) {
  const checked = checkedIn(cache);
  if (!existsSync(checked)) return false;
  const { mtimeMs: started } = statSync(checked);
  const { fileNames } = JSON.parse(readFileSync(join(cache, 'tsconfig.tsbuildinfo'), 'utf8'));
  // a bare name is a file of the compiler's own, which changes with what is installed
  const read = fileNames.filter(file => file.includes('/')).map(file => `${cache}${sep}${file}`);
  const settings = ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json'].map(file => join(root, file));
  return [...read, ...settings].every(file => (statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? started) < started);
}

/** Compiles main.ts and what it imports. Fails with the compiler's own words. */
async function compile(cache) {
  forgetGone(cache);
  const project = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      noEmitOnError: true,
      incremental: true,
      tsBuildInfoFile: join(cache, 'tsconfig.tsbuildinfo'),
      // beside the code: Node.js reads all of the code, and a map only where something failed
      sourceMap: true,
      // absolute: a compiled file is run as if it lay beside its source
      sourceRoot: `${root}${sep}`,
      skipLibCheck: true,
      rootDir: root,
      outDir: cache,
    },
    include: [],
    files: [main],
  };
  writeFileSync(join(cache, 'tsconfig.json'), JSON.stringify(project));
  // made before the compiler reads the first file, and given its name when it has found no error
  const checked = checkedIn(cache);
  rmSync(checked, { force: true });
  writeFileSync(`${checked}.new`, '');
  try {
    await runCompiler('--project', cache, '--pretty', 'false');
  } catch (error) {
    if (!error.stdout) throw error;
    throw Object.assign(new Error(`${relative('.', main)} has type errors, nothing was written:\n${error.stdout}`), { name: 'SynthError' });
  }
  renameSync(`${checked}.new`, checked);
}

/** The compiler itself, by a private file of TypeScript 7: its bin/tsc is a Node.js process that starts it. Garbage collection would take longer than its work. */
async function runCompiler(...args) {
  // loaded only where it has something to do
  const { execFile } = require('node:child_process');
  const { promisify } = require('node:util');
  const { default: compiler } = await import(join(dirname(require.resolve('typescript/package.json')), 'lib', 'getExePath.js'));
  await promisify(execFile)(compiler(), args, { env: { ...process.env, GOGC: 'off' } });
}

function loadLibraries() {
  Module.enableCompileCache?.(); // from Node.js 22 on
  for (const library of ['cdk8s', 'cdk8s-plus-27/lib/imports/k8s']) require(library);
}

/** Loads all charts as they were compiled last, while the compiler works. Returns what forgets them where they have changed since. */
function preloadCharts(charts) {
  const start = Date.now();
  let isUsable = true;
  try {
    // each by its getter
    if (existsSync(charts)) Object.values(require(charts));
  } catch {
    // of another state of the project
    isUsable = false;
  }
  return () => {
    const loaded = Object.keys(require.cache).filter(file => isIn(dirname(charts), file));
    isUsable &&= loaded.every(file => existsSync(file) && statSync(file).mtimeMs < start);
    // one that is new makes all that stand on it new
    if (!isUsable) for (const file of loaded) delete require.cache[file];
  };
}

/** Loads what a compiled module exports of others when somebody asks for it: charts that main.ts does not use cost nothing. Lines stay where they are. */
function lazily(content) {
  const required = new Map();
  return content
    .replace(/^var (\w+) = (require\("[^"]+"\));$/gm, (_, name, call) => {
      required.set(name, call);
      return '';
    })
    .replace(/\breturn (\w+)\./g, (whole, name) => (required.has(name) ? `return ${required.get(name)}.` : whole));
}

/** Lets a compiled file take itself for its source, so that __dirname is the folder that the user sees. */
function runAsSource(cache, charts) {
  const { _compile } = Module.prototype;
  Module.prototype._compile = function compileAsSource(content, file, ...rest) {
    const text = file === charts ? lazily(content) : content;
    return _compile.call(this, text, isIn(cache, file) ? `${root}${file.slice(cache.length)}` : file, ...rest);
  };
}

/** Finds a compiled file at once where another imports it: for each, Node.js would look for other endings, links and packages first. */
function findCompiled(cache) {
  const { _resolveFilename } = Module;
  Module._resolveFilename = function resolveCompiled(request, parent, ...rest) {
    if (request.startsWith('.') && isIn(cache, parent?.filename ?? '')) {
      const file = `${resolve(dirname(parent.filename), request)}.js`;
      if (existsSync(file)) return file;
    }
    return _resolveFilename.call(this, request, parent, ...rest);
  };
}

/** Notes that an app was synthesised, by whichever class: who made it, and where it writes, is main.ts's business. */
let synthesised = false;
function watchSynth(...apps) {
  for (const { prototype } of apps) {
    const { synth } = prototype;
    prototype.synth = function watched(...args) {
      synth.apply(this, args);
      synthesised = true;
    };
  }
}

/** Where in this project an error came from: in its sources. Node.js would read the source map of every module for that, whether one fails or not. */
const ownFrames = error =>
  (error.stack ?? '')
    .split('\n')
    .filter(line => /^ +at /.test(line) && !/node_modules|node:|bin\/synth\.cjs/.test(line))
    .map(line =>
      line.replace(/(\/[^():]+\.js):(\d+):(\d+)/, (whole, file, row, column) => inSource(file, Number(row), Number(column)) ?? whole),
    )
    .join('\n');

function inSource(file, row, column) {
  const map = join(cache, `${relative(root, file)}.map`);
  if (!existsSync(map)) return undefined;
  const { originalSource, originalLine, originalColumn } = new Module.SourceMap(JSON.parse(readFileSync(map, 'utf8'))).findEntry(
    row - 1,
    column - 1,
  );
  return originalSource === undefined ? undefined : `${originalSource}:${originalLine + 1}:${originalColumn + 1}`;
}

function fail(error) {
  console.error(error.name === 'SynthError' ? error.message : `${error.name}: ${error.message}\n${ownFrames(error)}`);
  // the CLI says where to write, and has deleted what was there
  if (outdir && !existsSync(outdir)) {
    console.error(
      `${outdir} is gone: cdk8s synth deletes it before it runs main.ts. Bring it back with: git restore ${outdir} (npm run synth leaves it as it was)`,
    );
  }
  process.exitCode = 1;
}

// of a main.ts that goes on after its last line
process.on('unhandledRejection', fail);

const cache = takeCache();

async function synth() {
  const charts = join(cache, 'charts', 'index.js');
  const compiling = isCompiled(cache) ? undefined : compile(cache);
  loadLibraries();
  runAsSource(cache, charts);
  findCompiled(cache);
  if (compiling !== undefined) {
    const forgetStale = preloadCharts(charts);
    await compiling;
    forgetStale();
  }
  watchSynth(require('cdk8s').App, ...(existsSync(charts) ? [require(charts).KustomizeApp] : []));
  process.on('exit', code => {
    if (code === 0 && !synthesised)
      fail(Object.assign(new Error(`${relative('.', main)} synthesised nothing: it must end with app.synth()`), { name: 'SynthError' }));
  });
  require(join(cache, relative(root, main).replace(/\.ts$/, '.js')));
}

synth().catch(fail);
