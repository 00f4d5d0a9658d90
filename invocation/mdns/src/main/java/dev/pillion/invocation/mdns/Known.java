// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.spi.PeerAddress;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The instances of the apps somebody has asked for, as heard last. Of an instance the first address
 * of IPv4 is used, else the first of IPv6; of an app those of IPv4 while it has any, as in Dapr.
 * Thread-safe.
 */
final class Known {
  /** For how long an instance is believed to be there that is not heard again: Dapr's 60 s. */
  private static final long MEMORY_SECONDS = 60;

  /** Anybody on the network may make instances up. */
  private static final int MAX_INSTANCES = 1_000;

  /** A packet may get lost: asked once more when nobody has answered by then. */
  static final long ASK_AGAIN = TimeUnit.MILLISECONDS.toNanos(250);

  private final TimeSource time;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Map<String, App> apps = new HashMap<>();

  private record Instance(PeerAddress address, boolean ipv4, long until) {}

  /** Instances by name, and how many callers wait for the first of them. */
  private static final class App {
    final Map<String, Instance> instances = new HashMap<>();
    int waiting;
    boolean asked;
    long askedAt;
  }

  Known(TimeSource time) {
    this.time = time;
  }

  /** What is known of an app now. */
  List<PeerAddress> addresses(String appId) {
    lock.lock();
    try {
      return live(appId);
    } finally {
      lock.unlock();
    }
  }

  /** Begins to listen for an app: to be followed by {@link #doneWaiting}. */
  void expect(String appId) {
    lock.lock();
    try {
      apps.computeIfAbsent(appId, id -> new App()).waiting++;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is time to ask for an app somebody waits for; those who wait share a question. */
  boolean shouldAsk(String appId) {
    lock.lock();
    try {
      var app = apps.get(appId);
      if (app == null || (app.asked && time.nanos() - app.askedAt < ASK_AGAIN)) {
        return false;
      }
      app.asked = true;
      app.askedAt = time.nanos();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the first instance, that long; empty when none was heard. */
  List<PeerAddress> await(String appId, long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      var found = live(appId);
      while (found.isEmpty() && left > 0) {
        left = changed.awaitNanos(left);
        found = live(appId);
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  void doneWaiting(String appId) {
    lock.lock();
    try {
      var app = apps.get(appId);
      if (app != null) {
        app.waiting--;
        forgetIfUnused(appId, app);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The apps to ask for again; forgets those of which nothing was heard. */
  List<String> toRefresh() {
    lock.lock();
    try {
      for (var appId : List.copyOf(apps.keySet())) {
        live(appId);
      }
      return List.copyOf(apps.keySet());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes in what a message says of these apps.
   *
   * @param reachable whether an address can be meant for this machine
   */
  void hear(DnsMessage message, Predicate<InetAddress> reachable) {
    lock.lock();
    try {
      message.records(DnsRecord.Pointer.class).forEach(pointer -> {
        for (var app : apps.entrySet()) {
          if (pointer.name().equalsIgnoreCase(app.getKey() + OwnRecords.DOMAIN)) {
            hear(app.getKey(), app.getValue(), pointer, message, reachable);
          }
        }
      });
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void hear(
      String appId,
      App app,
      DnsRecord.Pointer pointer,
      DnsMessage message,
      Predicate<InetAddress> reachable) {
    if (pointer.ttl() == 0) {
      app.instances.remove(pointer.target());
      return;
    }
    var service = message.records(DnsRecord.Service.class, pointer.target()).findFirst();
    boolean full =
        app.instances.size() >= MAX_INSTANCES && !app.instances.containsKey(pointer.target());
    if (full || service.isEmpty() || !saysSo(appId, message, pointer.target())) {
      return;
    }
    address(message, service.get(), reachable).ifPresent(address -> {
      long seconds = Math.min(
          MEMORY_SECONDS,
          Math.min(address.ttl(), Math.min(pointer.ttl(), service.get().ttl())));
      app.instances.put(
          pointer.target(),
          new Instance(
              new PeerAddress(address.address().getHostAddress(), service.get().port()),
              address.address() instanceof Inet4Address,
              time.nanos() + TimeUnit.SECONDS.toNanos(seconds)));
    });
  }

  /** Whether the instance has a text, and each repeats the app id. */
  private static boolean saysSo(String appId, DnsMessage message, String instance) {
    var texts = message.records(DnsRecord.Text.class, instance).toList();
    return !texts.isEmpty()
        && texts.stream()
            .allMatch(
                text -> !text.texts().isEmpty() && text.texts().stream().allMatch(appId::equals));
  }

  private static Optional<DnsRecord.Address> address(
      DnsMessage message, DnsRecord.Service service, Predicate<InetAddress> reachable) {
    if (service.port() == 0) {
      return Optional.empty();
    }
    var all = message
        .records(DnsRecord.Address.class, service.target())
        .filter(record -> record.ttl() > 0 && reachable.test(record.address()))
        .toList();
    return all.stream()
        .filter(record -> record.address() instanceof Inet4Address)
        .findFirst()
        .or(() -> all.stream().findFirst());
  }

  private List<PeerAddress> live(String appId) {
    var app = apps.get(appId);
    if (app == null) {
      return List.of();
    }
    app.instances.values().removeIf(instance -> instance.until() - time.nanos() <= 0);
    forgetIfUnused(appId, app);
    var preferred = new ArrayList<PeerAddress>();
    var others = new ArrayList<PeerAddress>();
    for (var instance : app.instances.values()) {
      (instance.ipv4() ? preferred : others).add(instance.address());
    }
    return preferred.isEmpty() ? others : preferred;
  }

  /** Names that nobody has are without number. */
  private void forgetIfUnused(String appId, App app) {
    if (app.waiting == 0 && app.instances.isEmpty()) {
      apps.remove(appId);
    }
  }
}
