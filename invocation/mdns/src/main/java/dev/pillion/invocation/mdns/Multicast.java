// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.ComponentException;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ProtocolFamily;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sockets of multicast DNS: one for each network interface and each of IPv4 and IPv6, so that
 * one that fails takes no other along. Thread-safe.
 */
final class Multicast implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Multicast.class);
  static final int PORT = 5353;
  private static final int TTL = 255;

  /** The longest message RFC 6762 allows. */
  private static final int MAX_PACKET = 9_000;

  private static final String SYSTEM = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
  private static final boolean SHARES_BY_REUSEPORT = SYSTEM.contains("mac");

  /**
   * Whether a socket can be bound to the group: it then gets what was sent to all on its link, and
   * takes away nothing that was sent to another program on this machine alone. Elsewhere what comes
   * over a router is known by its source.
   */
  private static final boolean BINDS_TO_GROUP = SYSTEM.contains("linux");

  private final ReentrantLock lock = new ReentrantLock();
  private final Selector selector;
  private final Map<Place, DatagramChannel> channels = new LinkedHashMap<>();
  private volatile List<Subnet> subnets = List.of();
  private volatile boolean closed;

  /** One interface, of one family. */
  private record Place(String interfaceName, ProtocolFamily family) {
    @Override
    public String toString() {
      return interfaceName + "/" + family;
    }
  }

  /** Takes a packet; must not keep the buffer. */
  interface Receiver {
    void received(ByteBuffer packet, InetSocketAddress from, DatagramChannel through);
  }

  private Multicast(Selector selector) {
    this.selector = selector;
  }

  /**
   * Opens a socket on every interface.
   *
   * @throws ComponentException when there is none that can multicast
   */
  static Multicast open() {
    Multicast opened = null;
    try {
      opened = new Multicast(Selector.open());
      opened.refresh();
      if (opened.places().isEmpty()) {
        throw ComponentException.unavailable(
            "mDNS can't be used: no network interface of this machine can multicast at port 5353",
            null);
      }
      return opened;
    } catch (IOException | RuntimeException e) {
      if (opened != null) {
        opened.close();
      }
      throw e instanceof RuntimeException own
          ? own
          : ComponentException.unavailable("mDNS can't be used: " + e.getMessage(), e);
    }
  }

  /** The interfaces and families it reaches. */
  List<String> places() {
    lock.lock();
    try {
      return channels.keySet().stream().map(Place::toString).toList();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Opens sockets on interfaces that have come, and closes those of interfaces that have gone.
   *
   * @return whether one has come
   */
  boolean refresh() throws SocketException {
    Set<Place> wanted = new LinkedHashSet<>();
    Map<String, NetworkInterface> interfaces = new LinkedHashMap<>();
    for (var each : NetworkInterface.networkInterfaces().toList()) {
      if (each.isUp() && each.supportsMulticast()) {
        interfaces.put(each.getName(), each);
        each.inetAddresses()
            .map(Multicast::family)
            .forEach(family -> wanted.add(new Place(each.getName(), family)));
      }
    }
    subnets = Subnet.here();
    boolean come = false;
    lock.lock();
    try {
      for (var gone : List.copyOf(channels.keySet())) {
        if (!wanted.contains(gone)) {
          close(channels.remove(gone));
        }
      }
      for (var place : wanted) {
        var networkInterface = interfaces.get(place.interfaceName());
        if (!closed && networkInterface != null && !channels.containsKey(place)) {
          come |= add(place, networkInterface);
        }
      }
    } finally {
      lock.unlock();
    }
    return come;
  }

  private boolean add(Place place, NetworkInterface networkInterface) {
    DatagramChannel channel = null;
    try {
      channel = DatagramChannel.open(place.family());
      channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      if (SHARES_BY_REUSEPORT) {
        channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      }
      channel.setOption(StandardSocketOptions.IP_MULTICAST_IF, networkInterface);
      channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, TTL);
      channel.setOption(StandardSocketOptions.IP_MULTICAST_LOOP, true);
      channel.bind(new InetSocketAddress(
          BINDS_TO_GROUP ? group(place.family(), networkInterface) : anyAddress(place.family()),
          PORT));
      channel.join(group(place.family()), networkInterface);
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
      selector.wakeup();
      channels.put(place, channel);
      return true;
    } catch (IOException | RuntimeException e) {
      // IPv6 may be switched off, or an interface may have gone just now.
      LOG.debug("mDNS does not use {}", place, e);
      close(channel);
      return false;
    }
  }

  /**
   * Sends to everybody, through every interface.
   *
   * @throws IOException when it went through none
   */
  void send(byte[] message) throws IOException {
    List<Map.Entry<Place, DatagramChannel>> all;
    lock.lock();
    try {
      all = new ArrayList<>(channels.entrySet());
    } finally {
      lock.unlock();
    }
    var failure = new IOException("there is no network interface to multicast through");
    boolean sent = false;
    for (var entry : all) {
      try {
        entry
            .getValue()
            .send(
                ByteBuffer.wrap(message),
                new InetSocketAddress(group(entry.getKey().family()), PORT));
        sent = true;
      } catch (IOException e) {
        failure = e;
      }
    }
    if (!sent) {
      throw failure;
    }
  }

  /** Whether this address is of a network of this machine. */
  boolean isOnLink(InetAddress address) {
    return Subnet.isOnLink(address, subnets);
  }

  /** Hands over each packet that came over no router, until it is closed. */
  void receive(Receiver receiver) {
    var buffer = ByteBuffer.allocate(MAX_PACKET);
    while (!closed) {
      try {
        selector.select();
        // The keys of sockets that were opened meanwhile.
        for (var key : Set.copyOf(selector.selectedKeys())) {
          selector.selectedKeys().remove(key);
          drain((DatagramChannel) key.channel(), buffer, receiver);
        }
      } catch (ClosedSelectorException e) {
        return;
      } catch (IOException e) {
        LOG.debug("mDNS could not wait for packets", e);
      }
    }
  }

  private void drain(DatagramChannel channel, ByteBuffer buffer, Receiver receiver) {
    try {
      while (!closed) {
        buffer.clear();
        if (!(channel.receive(buffer) instanceof InetSocketAddress from)) {
          return;
        }
        if (BINDS_TO_GROUP || isOnLink(from.getAddress())) {
          receiver.received(buffer.flip(), from, channel);
        }
      }
    } catch (IOException | CancelledKeyException e) {
      // Its interface has gone; refresh closes it.
      LOG.debug("mDNS could not read a packet", e);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      channels.values().forEach(Multicast::close);
      channels.clear();
      selector.close();
    } catch (IOException e) {
      LOG.debug("mDNS could not close its sockets", e);
    } finally {
      lock.unlock();
    }
  }

  private static void close(@Nullable DatagramChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        LOG.debug("mDNS could not close a socket", e);
      }
    }
  }

  private static ProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address
        ? StandardProtocolFamily.INET6
        : StandardProtocolFamily.INET;
  }

  private static InetAddress group(ProtocolFamily family) {
    return family == StandardProtocolFamily.INET6 ? literal("ff02::fb") : literal("224.0.0.251");
  }

  /** Bound to, an address of IPv6 that is of a link says of which. */
  private static InetAddress group(ProtocolFamily family, NetworkInterface networkInterface)
      throws UnknownHostException {
    var group = group(family);
    return group instanceof Inet6Address
        ? Inet6Address.getByAddress(null, group.getAddress(), networkInterface)
        : group;
  }

  private static InetAddress anyAddress(ProtocolFamily family) {
    return family == StandardProtocolFamily.INET6 ? literal("::") : literal("0.0.0.0");
  }

  private static InetAddress literal(String address) {
    return new InetSocketAddress(address, PORT).getAddress();
  }

  /** Whether a peer on this network can mean us by an address it gives for itself. */
  static boolean isReachable(InetAddress address, InetAddress sender) {
    if (address instanceof Inet6Address && address.isLinkLocalAddress()) {
      // Of which interface, it does not say.
      return false;
    }
    if (address.isAnyLocalAddress() || address.isMulticastAddress()) {
      return false;
    }
    return !address.isLoopbackAddress() || isHere(sender);
  }

  private static boolean isHere(InetAddress address) {
    try {
      return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return false;
    }
  }
}
