# SPDX-License-Identifier: Apache-2.0
"""Independent twins of the network, to check the C++ code against."""
