// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A DNS server on loopback that knows a few names, or keeps silent. */
final class FakeDns implements AutoCloseable {
  private static final int A = 1;
  private static final int AAAA = 28;

  final Map<String, List<String>> hosts = new ConcurrentHashMap<>();
  volatile boolean silent;
  private final AtomicInteger queries = new AtomicInteger();
  private final DatagramSocket socket;

  FakeDns() {
    try {
      socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
    var thread = new Thread(this::serve, "fake-dns");
    thread.setDaemon(true);
    thread.start();
  }

  String url() {
    return "dns://127.0.0.1:" + socket.getLocalPort();
  }

  int queries() {
    return queries.get();
  }

  private void serve() {
    var buffer = new byte[1500];
    while (!socket.isClosed()) {
      try {
        var packet = new DatagramPacket(buffer, buffer.length);
        socket.receive(packet);
        queries.incrementAndGet();
        if (!silent) {
          var answer = answer(ByteBuffer.wrap(buffer, 0, packet.getLength()));
          socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
        }
      } catch (IOException e) {
        // Closed.
      }
    }
  }

  private byte[] answer(ByteBuffer query) throws IOException {
    var name = new StringBuilder();
    int at = 12;
    for (int length = query.get(at); length > 0; length = query.get(at)) {
      var label = new byte[length];
      query.position(at + 1).get(label);
      name.append(name.isEmpty() ? "" : ".").append(new String(label, StandardCharsets.US_ASCII));
      at += 1 + length;
    }
    int type = query.getShort(at + 1);
    int questionEnd = at + 5;
    var addresses = hosts.get(name.toString());
    var answer = ByteBuffer.allocate(1500);
    answer.putShort(query.getShort(0)).putShort((short) (addresses == null ? 0x8183 : 0x8180));
    answer.putShort((short) 1).putShort((short) 0).putInt(0);
    answer.put(query.array(), 12, questionEnd - 12);
    short count = 0;
    for (var address : addresses == null ? List.<String>of() : addresses) {
      var bytes = InetAddress.getByName(address).getAddress();
      if (type == (bytes.length == 4 ? A : AAAA)) {
        answer
            .putShort((short) 0xc00c)
            .putShort((short) type)
            .putShort((short) 1)
            .putInt(5);
        answer.putShort((short) bytes.length).put(bytes);
        count++;
      }
    }
    answer.putShort(6, count);
    var result = new byte[answer.position()];
    answer.flip().get(result);
    return result;
  }

  @Override
  public void close() {
    socket.close();
  }
}
