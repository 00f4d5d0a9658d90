// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import io.grpc.netty.shaded.io.netty.buffer.ByteBufAllocator;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * For each connection the files as they are by then, and a context of its own: no session is
 * resumed, for TLS would not look at the certificate then, which may have expired. Thread-safe.
 */
final class RotatingSslContext extends SslContext {
  private static final Logger log = LoggerFactory.getLogger(GrpcPeers.class);

  private final PemFiles files;
  private final boolean client;
  private final Function<PemFiles.Pem, Supplier<SslContext>> factory;
  private final ReentrantLock lock = new ReentrantLock();
  private List<FileTime> stamp = List.of();
  private Supplier<SslContext> current;

  RotatingSslContext(
      PemFiles files, boolean client, Function<PemFiles.Pem, Supplier<SslContext>> factory) {
    this.files = files;
    this.client = client;
    this.factory = factory;
    this.stamp = stampOr(stamp);
    this.current = factory.apply(files.read());
  }

  private List<FileTime> stampOr(List<FileTime> before) {
    try {
      return files.stamp();
    } catch (IOException e) {
      return before;
    }
  }

  private SslContext current() {
    lock.lock();
    try {
      var now = stampOr(stamp);
      if (!now.equals(stamp)) {
        try {
          current = factory.apply(files.read());
          stamp = now;
        } catch (RuntimeException e) {
          // They are read again for the next connection: they may be half written.
          log.warn(
              "the certificate in {} has changed and can't be used; the one before holds",
              files,
              e);
        }
      }
      return current.get();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isClient() {
    return client;
  }

  @Override
  public List<String> cipherSuites() {
    return current().cipherSuites();
  }

  @Override
  @SuppressWarnings("deprecation") // Netty's own contexts have to, too.
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return current().applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return current().newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
    return current().newEngine(allocator, host, port);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return current().sessionContext();
  }
}
