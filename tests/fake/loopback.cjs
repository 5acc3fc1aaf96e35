// Loaded before Seam's fake (node -r): it would listen on all interfaces and has no
// option for the host. Listen on a free port of the loopback interface instead, and
// print its address.
const net = require('node:net')

const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (port, ...rest) {
  this.once('listening', () => {
    console.log(`listening http://127.0.0.1:${this.address().port}`)
  })
  const done = rest.find((argument) => typeof argument === 'function')
  return listen.call(this, { port: 0, host: '127.0.0.1' }, done)
}
