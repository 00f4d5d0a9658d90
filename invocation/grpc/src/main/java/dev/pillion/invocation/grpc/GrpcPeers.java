// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.Registration;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.invocation.spi.Peer;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.PeerContext;
import dev.pillion.invocation.spi.PeerTransport;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Calls between runtimes, and between a runtime and a daprd, over Dapr's internal gRPC service.
 *
 * <pre>{@code
 * GrpcPeers.onPort(50002).mutualTls(PeerTls.fromFiles(anchors, certificate, key))
 * }</pre>
 *
 * <p>Without mutual TLS anybody who reaches the port may call, and no access policy can tell who it
 * is: the port is then of the loopback address, unless {@link #insecurePeers} says otherwise.
 * Bodies that are streams are never held: they go in chunks, as fast as the other side takes them.
 *
 * <p>A runtime reads an answer while its request is still being sent. A caller that does not, such
 * as one that writes all of a request first, gets no answer from a method that streams back more
 * than a megabyte of what it has not finished reading: both wait, until the caller's deadline.
 *
 * <p>Options return another object, and are chosen before {@link #start}; one object serves one
 * runtime, once. Thread-safe from then on.
 */
public final class GrpcPeers implements PeerTransport {
  private static final int DEFAULT_BODY_SIZE = 4 * 1024 * 1024;

  private final PeerOptions options;
  private final Map<String, String> environment;
  private volatile @Nullable RunningPeers running;
  private volatile Registration offered = () -> {};

  private GrpcPeers(PeerOptions options, Map<String, String> environment) {
    this.options = options;
    this.environment = environment;
  }

  /**
   * Peers call at this port.
   *
   * @param port 0 for any that is free. Dapr's on Kubernetes is 50002
   * @throws IllegalArgumentException when it is no port
   */
  public static GrpcPeers onPort(int port) {
    return onPort(port, System.getenv());
  }

  static GrpcPeers onPort(int port, Map<String, String> environment) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("a port is 0 to 65535, not " + port);
    }
    return new GrpcPeers(
        new PeerOptions(port, null, null, null, DEFAULT_BODY_SIZE), Map.copyOf(environment));
  }

  private GrpcPeers with(PeerOptions other) {
    return new GrpcPeers(other, environment);
  }

  /**
   * Peers must prove who they are, and this runtime proves it to them; the port is then of all
   * addresses of this machine.
   */
  public GrpcPeers mutualTls(PeerTls tls) {
    return with(options.with(tls));
  }

  /**
   * Without TLS, listens on another address than the loopback, {@code 0.0.0.0} for all: whoever is
   * in the network may call as any app. Logged as a warning. With TLS, this only chooses the
   * address.
   *
   * @throws IllegalArgumentException when the address is none
   */
  public GrpcPeers insecurePeers(String bindAddress) {
    try {
      return with(options.with(InetAddress.getByName(bindAddress)));
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "\"" + bindAddress + "\" is no address of this machine; 0.0.0.0 stands for all", e);
    }
  }

  /**
   * Where peers reach this runtime; the environment's {@code DAPR_HOST_IP} unless set, else the
   * address this machine sends from, or the loopback address where the port is of that.
   */
  public GrpcPeers advertisedHost(String host) {
    if (host.isBlank()) {
      throw new IllegalArgumentException("a host has a name or an address");
    }
    return with(options.with(host));
  }

  /**
   * The largest message in bytes, which bounds bodies of callers that send them whole; 4 MiB unless
   * set, as in Dapr. Bodies in chunks have no limit.
   *
   * @throws IllegalArgumentException when it is no size for a chunk
   */
  public GrpcPeers maxBodySize(int bytes) {
    if (bytes < 2 * Chunks.SIZE) {
      throw new IllegalArgumentException(
          "the largest message has room for a chunk and what is around it, %d bytes; %d are too few"
              .formatted(2 * Chunks.SIZE, bytes));
    }
    return with(options.with(bytes));
  }

  /**
   * A connection to a peer, for one call that the API of this runtime makes itself.
   *
   * @return to be told when the call has ended
   * @throws IllegalStateException before {@link #start}, and when closed
   */
  public PeerRoute route(Peer peer) {
    return new PeerRoute(peer, running().connections());
  }

  @Override
  public PeerAddress start(PeerContext context) {
    if (running != null) {
      throw new IllegalStateException("this transport has been started; each runtime has its own");
    }
    var directory = context.directory();
    var started =
        RunningPeers.start(options, environment, () -> GrpcProxy.Beside.in(directory), context);
    running = started;
    offered = directory.offer(this);
    return started.address();
  }

  private RunningPeers running() {
    var started = running;
    if (started == null) {
      throw new IllegalStateException("the peer transport has not been started");
    }
    return started;
  }

  @Override
  public InvocationResponse invoke(Peer peer, InvocationRequest request, Deadline deadline) {
    return running().calls().invoke(peer, request, deadline);
  }

  @Override
  public String describe() {
    var started = running;
    return started == null ? "not started" : started.describe();
  }

  @Override
  public void drain() {
    var started = running;
    if (started != null) {
      started.drain();
    }
  }

  @Override
  public boolean provesCallers() {
    return options.tls() != null;
  }

  @Override
  public void close() {
    var started = running;
    offered.close();
    if (started != null) {
      started.close();
    }
  }
}
