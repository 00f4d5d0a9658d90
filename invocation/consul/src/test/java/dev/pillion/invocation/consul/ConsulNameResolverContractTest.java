// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.testkit.RegistrationContract;
import dev.pillion.testkit.CapturedLog;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;

class ConsulNameResolverContractTest extends RegistrationContract {
  private final FakeConsul consul = new FakeConsul();
  private final CapturedLog log = new CapturedLog(ConsulNameResolver.class.getPackageName());

  @Override
  protected NameResolverComponent component() {
    return ConsulNameResolver.at(consul.uri());
  }

  private static String id(AppInstance instance) {
    return "%s-%s-%d"
        .formatted(
            instance.appId(), instance.address().host(), instance.address().port());
  }

  @Override
  protected boolean forget(AppInstance instance) {
    consul.forget(id(instance));
    return true;
  }

  @Override
  protected Duration renewal() {
    return Duration.ofSeconds(15);
  }

  @Override
  protected Optional<Outage> outage() {
    return Optional.of(new Outage() {
      @Override
      public void begin() {
        consul.out(true);
      }

      @Override
      public void end() {
        consul.out(false);
      }
    });
  }

  @Override
  protected long warnings() {
    return log.warnings().size();
  }

  @AfterEach
  void stopCounting() {
    log.close();
  }
}
