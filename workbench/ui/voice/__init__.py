"""Try it by voice: what base and adapted models write down while somebody speaks"""
