// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CallerIdentityTest {
  @Test
  void anAppIsNamedByTrustDomainNamespaceAndId() {
    assertThat(CallerIdentity.of(URI.create("spiffe://public/ns/prod/Web_1.a-b")))
        .contains(new CallerIdentity("public", "prod", "Web_1.a-b"))
        .hasValueSatisfying(
            identity -> assertThat(identity).hasToString("spiffe://public/ns/prod/Web_1.a-b"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://public/ns/prod/w%65b",
        "spiffe://public/ns/prod/web?x",
        "spiffe://public/ns/prod/web#x",
        "spiffe://public/ns/prod/web/",
        "spiffe://public/ns/prod/web/more",
        "spiffe://public/ns/prod/..",
        "spiffe://public/ns/./web",
        "spiffe://public/ns//web",
        "spiffe://public:80/ns/prod/web",
        "spiffe://me@public/ns/prod/web",
        "spiffe://Public/ns/prod/web",
        "spiffe://public/prod/web",
        "spiffe:///ns/prod/web",
        "SPIFFE://public/ns/prod/web",
        "https://public/ns/prod/web",
        "spiffe:public"
      })
  void whatIsWrittenInAnotherWayIsNoAppsIdentity(String id) {
    assertThat(CallerIdentity.of(URI.create(id))).isEmpty();
  }
}
