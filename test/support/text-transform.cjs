/** Loads shell scripts as text, as the bundler does. */
module.exports = { process: source => ({ code: `module.exports = { __esModule: true, default: ${JSON.stringify(source)} };` }) };
