// Capabilities: all sets emptied, and no way to fill them again.
#include <cap-ng.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "platform/linux/sandbox_layers.h"

namespace bulkhead::platform {
namespace {

// uid 0 means nothing any more, ambient capabilities cannot be raised; all of it locked.
// NO_SETUID_FIXUP stays unset (and locked so): the identity's setresuid() is meant to drop what
// root has.
constexpr unsigned long secure_bits =
    SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

bool nothing_held() {
  capng_get_caps_process();
  return capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE &&
         capng_have_capabilities(CAPNG_SELECT_AMBIENT) == CAPNG_NONE;
}

}  // namespace

bool limit_future_capabilities() {
  const bool secured = prctl(PR_SET_SECUREBITS, secure_bits, 0, 0, 0) == 0;
  capng_get_caps_process();
  capng_clear(CAPNG_SELECT_BOUNDS);
  const bool bounded = capng_apply(CAPNG_SELECT_BOUNDS) == 0;
  capng_get_caps_process();
  return secured && bounded && capng_have_capabilities(CAPNG_SELECT_BOUNDS) == CAPNG_NONE;
}

Layer drop_capabilities(bool future_limited) {
  capng_get_caps_process();
  capng_clear(CAPNG_SELECT_CAPS);
  const bool applied = capng_apply(CAPNG_SELECT_CAPS) == 0;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (!applied || !nothing_held()) {
    return layer_unavailable(layer::capabilities, "could not be dropped");
  }
  return layer_on(layer::capabilities, future_limited
                                           ? "none, bounding set empty"
                                           : "none; bounding set kept, for want of CAP_SETPCAP");
}

}  // namespace bulkhead::platform
