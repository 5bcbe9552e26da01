// Stands in for cpu-features, a native addon that only ssh2 uses.
module.exports = () => ({});
