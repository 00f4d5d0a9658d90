// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.ComponentException;
import dev.pillion.Registration;
import dev.pillion.component.ComponentContext;
import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.TimeSource.Scheduled;
import dev.pillion.invocation.spi.PeerAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What runs while the resolver is open: answers queries about this runtime, asks about others, and
 * asks again every 30 seconds. Failures to send are logged once. Thread-safe.
 */
final class MdnsEngine implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MdnsEngine.class);
  private static final Duration REFRESH = Duration.ofSeconds(30);
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(1);

  private final ComponentContext context;
  private final Multicast multicast;
  private final Known known;
  private final List<Announcement> announcements = new CopyOnWriteArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private volatile @Nullable IOException failure;
  private @Nullable Scheduled refresh;
  private volatile boolean closed;

  private MdnsEngine(ComponentContext context, Multicast multicast) {
    this.context = context;
    this.multicast = multicast;
    known = new Known(context.time());
  }

  static MdnsEngine open(ComponentContext context) {
    var engine = new MdnsEngine(context, Multicast.open());
    context
        .threads()
        .start(
            "nameresolution/" + context.name(), () -> engine.multicast.receive(engine::received));
    engine.scheduleRefresh();
    return engine;
  }

  Registration announce(OwnRecords records) {
    var announcement = new Announcement(this, records);
    announcements.add(announcement);
    announcement.start();
    return announcement;
  }

  void remove(Announcement announcement) {
    announcements.remove(announcement);
  }

  /** Waits a second at most for the first instance of an app that was not known. */
  List<PeerAddress> find(String appId, Deadline deadline) {
    var found = known.addresses(appId);
    if (!found.isEmpty()) {
      return found;
    }
    known.expect(appId);
    try {
      long patience = deadline.remainingNanos(PATIENCE);
      long first = Math.min(patience, Known.ASK_AGAIN);
      ask(appId);
      found = known.await(appId, first);
      if (found.isEmpty() && patience > first) {
        ask(appId);
        found = known.await(appId, patience - first);
      }
      if (found.isEmpty()) {
        throwWhenFailing();
      }
      return found;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ComponentException.unavailable(
          "interrupted while waiting for app \"" + appId + "\" to answer by mDNS", e);
    } finally {
      known.doneWaiting(appId);
    }
  }

  private void ask(String appId) {
    if (known.shouldAsk(appId)) {
      send(DnsMessage.query(appId + OwnRecords.DOMAIN, DnsRecord.PTR));
    }
  }

  /** @throws ComponentException when nothing can be sent */
  void probe() {
    // A question nobody answers but those who must: any message shows whether the way is free.
    send(DnsMessage.query("_services._dns-sd._udp.local.", DnsRecord.PTR));
    throwWhenFailing();
  }

  private void throwWhenFailing() {
    var cause = failure;
    if (cause != null) {
      throw ComponentException.unavailable("mDNS reaches nobody: " + cause.getMessage(), cause);
    }
  }

  /** Sends to everybody; a failure is noted, and what was to be said is said again later. */
  void send(DnsMessage message) {
    try {
      multicast.send(message.toBytes());
      outcome(null);
    } catch (IOException e) {
      outcome(e);
    }
  }

  private void outcome(@Nullable IOException problem) {
    lock.lock();
    try {
      boolean failed = failure != null;
      failure = problem;
      if (closed || failed == (problem != null)) {
        return;
      }
      if (problem != null) {
        LOG.warn(
            "mDNS reaches nobody: {}; trying again every {} s",
            problem.getMessage(),
            REFRESH.toSeconds());
      } else {
        LOG.info("mDNS reaches the network again");
      }
    } finally {
      lock.unlock();
    }
  }

  Scheduled later(Duration delay, Runnable task) {
    return context.time().schedule(delay, () -> onThread(task));
  }

  private void onThread(Runnable task) {
    try {
      context.threads().execute("nameresolution/" + context.name(), task);
    } catch (RuntimeException e) {
      LOG.debug("mDNS had no thread", e);
    }
  }

  private void scheduleRefresh() {
    lock.lock();
    try {
      if (!closed) {
        refresh = context.time().schedule(REFRESH, () -> {
          scheduleRefresh();
          onThread(this::refresh);
        });
      }
    } finally {
      lock.unlock();
    }
  }

  private void refresh() {
    try {
      if (multicast.refresh() || failure != null) {
        announcements.forEach(Announcement::announce);
      }
    } catch (SocketException e) {
      LOG.debug("mDNS could not list the network interfaces", e);
    }
    for (var appId : known.toRefresh()) {
      send(DnsMessage.query(appId + OwnRecords.DOMAIN, DnsRecord.PTR));
    }
  }

  private void received(ByteBuffer packet, InetSocketAddress from, DatagramChannel through) {
    DnsMessage.read(packet).ifPresent(message -> {
      if (message.isResponse()) {
        known.hear(message, address -> Multicast.isReachable(address, from.getAddress()));
      } else if (!message.isProbe()) {
        announcements.forEach(announcement ->
            announcement.answer(message, response -> answer(response, message, from, through)));
      }
    });
  }

  private void answer(
      DnsMessage response, DnsMessage query, InetSocketAddress from, DatagramChannel through) {
    boolean legacy = from.getPort() != Multicast.PORT;
    boolean alone = query.questions().stream().anyMatch(DnsMessage.DnsQuestion::unicast)
        // Of another subnet on this link: there a packet to it alone would be taken for an
        // intruder's.
        && multicast.isOnLink(from.getAddress());
    if (!legacy && !alone) {
      send(response);
      return;
    }
    try {
      var unicast = legacy ? response.answering(query) : response;
      through.send(ByteBuffer.wrap(unicast.toBytes()), from);
    } catch (IOException e) {
      LOG.debug("mDNS could not answer {}", from, e);
    }
  }

  @Override
  public void close() {
    announcements.forEach(Announcement::close);
    lock.lock();
    try {
      closed = true;
      if (refresh != null) {
        refresh.cancel();
      }
    } finally {
      lock.unlock();
    }
    multicast.close();
  }
}
